local cjson = require("cjson")
local digest = require("resty.openclaw.core.bytes.digest")
local edge = require("spec.support.edge_jobs")
local eventually = require("spec.support.eventually")
local execute = require("spec.support.execute")
local http = require("spec.support.http")
local ids = require("resty.openclaw.edge.store.id")
local on_disk = require("spec.support.disk")
local stores = require("resty.openclaw.edge.store")
local tokens = require("resty.openclaw.edge.delivery_token")
local usages = require("resty.openclaw.edge.store.usage")

describe("edge: jobs", function()
    before_each(edge.reset)
    after_each(edge.restore)

    local function refusals(jobs, reason)
        return edge.figure(jobs, "openclaw_edge_refusals_total", ('reason="%s"'):format(reason)) or 0
    end

    describe("are accepted", function()
        it("with the URL where their response will be", function()
            local jobs = edge.open()
            local answer = edge.send("body", { ["X-Request-Id"] = "abc" })
            assert.equal(202, answer.status)
            local document = cjson.decode(answer.body)
            assert.is_true(ids.is_id(document.id))
            assert.same({ id = document.id, status = "pending", location = "/openclaw/jobs/" .. document.id }, document)
            assert.same(
                { document.location, "application/json", "no-store", "5" },
                { answer.header("Location"), answer.header("Content-Type"), answer.header("Cache-Control"), answer.header("Retry-After") }
            )
            assert.same({ document.id }, edge.names(jobs, "pending"))
        end)

        it("and are complete on the disk", function()
            local jobs = edge.open({ headers = { "Content-Type", "X-Own-Header" }, callback_hosts = { "app.test" }, route = "of spec" })
            local bodies = { "", "x", "a\nb\n\0c", ("0123456789abcdef"):rep(65536) .. "!" }
            for _, body in ipairs(bodies) do
                local id = edge.keep(body, {
                    ["X-Own-Header"] = "\195\164 \228 \"\\",
                    ["Content-Type"] = "a/b",
                    Accept = "not/kept",
                    Authorization = "Bearer secret",
                    ["X-OpenClaw-Callback"] = "https://app.test/x?y",
                    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                }, "/a/b%20c?d=%2F&e=\195\164")
                local text = on_disk.content(stores.path(jobs.store, "pending", id))
                local line, rest = text:match("^([^\n]*)\n(.*)$")
                assert.equal(body, rest)
                local head = cjson.decode(line)
                assert.same({ id, "POST", "/a/b%20c?d=%2F&e=\195\164", #body, "https://app.test/x?y" }, { head.id, head.method, head.uri, head.body_bytes, head.callback })
                assert.equal("of spec", head.route)
                assert.is_true(math.abs(head.created - ngx.now()) < 5)
                assert.same({ "a/b", "\195\164 \228 \"\\", "gateway" }, { head.headers["Content-Type"], head.headers["X-Own-Header"], head.headers.Host })
                assert.equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", head.headers.traceparent)
                assert.is_nil(head.headers.Accept)
                assert.is_nil(text:find("secret", 1, true))
            end
            assert.equal(#bodies, usages.jobs(jobs.usage))
        end)

        it("only when the file and its folder are synced", function()
            local jobs = edge.open({ thread_pool = "a pool" })
            local store, order = jobs.settings.store, {}
            edge.replace(ngx, "run_worker_thread", function(pool, _, _, path)
                assert.equal("a pool", pool)
                order[#order + 1] = path
                order[#order + 1] = #edge.names(jobs, "pending")
                return true, nil
            end)
            local id = edge.keep("x")
            assert.same({ store .. "/incoming/" .. id, 0, store .. "/pending", 1 }, order)
            -- And not at all when it says that it cannot.
            edge.replace(jobs, "faults", { report = function() end })
            for fails_at = 1, 2 do
                local call = 0
                edge.replace(ngx, "run_worker_thread", function()
                    call = call + 1
                    return true, call == fails_at and "cannot sync: Input/output error" or nil
                end)
                local answer = edge.send("x")
                assert.same({ 503, "not_stored", "5" }, { answer.status, edge.code(answer), answer.header("Retry-After") })
                assert.same({ id }, edge.names(jobs, "pending"))
                assert.same({}, edge.names(jobs, "incoming"))
                assert.equal(1, usages.jobs(jobs.usage))
            end
            assert.equal(2, refusals(jobs, "not_stored"))
        end)
    end)

    describe("are refused", function()
        it("for another method, a body that is too long, or a header that cannot be sent again", function()
            local jobs = edge.open({ max_body_bytes = 100 })
            local answers = {
                method = http.get_from(edge.PORT, "/"),
                too_large = edge.send(("x"):rep(101)),
                header = edge.send("x", { Accept = "a\1b" }),
            }
            for reason, answer in pairs(answers) do
                assert.same({ reason, 503, "link_down", "5" }, { reason, answer.status, edge.code(answer), answer.header("Retry-After") })
                assert.equal(1, refusals(jobs, reason))
            end
            assert.equal(3, edge.figure(jobs, "openclaw_edge_jobs_total", 'result="refused"'))
            assert.equal(202, edge.send(("x"):rep(100)).status)
            local chunked = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" .. ("x"):rep(101) .. "\r\n0\r\n\r\n"
            assert.equal(503, http.raw(chunked, edge.PORT).status)
            assert.equal(2, refusals(jobs, "too_large"))
            assert.equal(1, #edge.names(jobs, "pending"))
        end)

        it("when the store is full", function()
            local jobs, turn = edge.open({ max_jobs = 2, max_answer_bytes = 1 })
            local id = edge.keep()
            edge.keep()
            local answer = edge.send()
            assert.same({ 503, "store_full", "30" }, { answer.status, edge.code(answer), answer.header("Retry-After") })
            edge.work(turn, function() return not stores.has(jobs.store, "pending", id) end)
            assert.equal(202, edge.send().status)
            jobs = edge.open({ max_bytes = 6000, max_answer_bytes = 1 })
            edge.keep(("x"):rep(5000))
            assert.equal("store_full", edge.code(edge.send(("x"):rep(5000))))
            assert.equal(202, edge.send("x").status)
            assert.equal(1, refusals(jobs, "store_full"))
        end)

        it("when a client has its share", function()
            local jobs, turn = edge.open({ max_jobs = 4, client_share = 0.5 })
            local id = edge.keep()
            edge.keep()
            local answer = edge.send()
            assert.same({ 429, "client_full", "30" }, { answer.status, edge.code(answer), answer.header("Retry-After") })
            assert.equal(1, refusals(jobs, "client_full"))
            -- One client is one group, and another one most likely another.
            local group = ids.group_of(id)
            assert.equal(group, ids.group_of(edge.names(jobs, "pending")[2]))
            edge.replace(usages, "client_group", function() return group == "00" and "01" or "00" end)
            assert.equal(202, edge.send().status)
            edge.replace(usages, "client_group", function() return group end)
            edge.work(turn, function() return #edge.names(jobs, "pending") == 0 end)
            assert.equal(202, edge.send().status)
        end)

        it("when the folder is gone", function()
            local jobs = edge.open()
            local told = edge.faults(jobs)
            execute("rm -rf " .. jobs.settings.store)
            assert.equal("not_stored", edge.code(edge.send()))
            assert.equal("store: cannot store a request: cannot open: No such file or directory", told[1])
            assert.equal(0, usages.jobs(jobs.usage))
        end)

        it("when the URL of their callback is not allowed", function()
            local jobs = edge.open({ callback_hosts = { "app.test", "app.test:8443", "[::1]:9000" } })
            local refused = {
                "", "x", "http://app.test/", "ftp://app.test/", "https://app.test:444/", "https://app.test.evil/", "https://evil/app.test",
                "https://app.test@evil/", "https://evil@app.test/", "https://evil#app.test/", "https://evil\\app.test/", "https://[::1]/",
                "https://127.0.0.1/", "https://app.test/" .. ("x"):rep(2048), "https://app.test/a b", "https://app.test/#x", "//app.test/",
                "https://app.test:8443:443/", "https://app.test\t/", "https://%61pp.test/", "unix:/run/x", "https://app.test./",
            }
            for _, url in ipairs(refused) do
                local answer = edge.send("x", { ["X-OpenClaw-Callback"] = url })
                assert.same({ url, 400, "bad_callback" }, { url, answer.status, edge.code(answer) })
            end
            for _, url in ipairs({ "https://app.test/", "https://APP.test:443/x?y", "https://app.test:8443", "https://[::1]:9000/" }) do
                assert.equal(202, edge.send("x", { ["X-OpenClaw-Callback"] = url }).status)
            end
            assert.equal(#refused, refusals(jobs, "bad_callback"))
            edge.open()
            assert.equal(400, edge.send("x", { ["X-OpenClaw-Callback"] = "https://app.test/" }).status)
        end)

        it("when they are deliveries", function()
            local jobs = edge.open()
            local secret = tokens.read_or_create(jobs.token)
            -- Also with a wrong token: it may be a delivery of another gateway, which has the job.
            for _, token in ipairs({ secret, "", "x", secret .. "0", secret:sub(2), secret:upper(), (digest.new("sha256"):of(secret)) }) do
                local answer = edge.send("x", { ["X-OpenClaw-Delivery"] = token })
                assert.same({ 424, "link_down", "down" }, { answer.status, edge.code(answer), answer.header("X-OpenClaw-Link") })
            end
            assert.same({}, edge.names(jobs, "pending"))
        end)
    end)

    it("are removed when their client leaves before they are complete", function()
        local jobs = edge.open()
        for _, withdrawn in ipairs({ true, false }) do
            edge.replace(stores, "withdraw", function() return withdrawn end)
            local begun, release
            edge.replace(stores, "finish", function()
                begun = true
                while not release do ngx.sleep(0.01) end
                return true
            end)
            local sock = ngx.socket.tcp()
            assert(sock:connect("127.0.0.1", edge.PORT))
            assert(sock:send("POST /left HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"))
            eventually(function() return begun end, "the job is being written")
            assert.equal(1, usages.jobs(jobs.usage))
            sock:close()
            -- Where it is being delivered already, who delivers it counts it out.
            local left = withdrawn and 0 or 1
            eventually(function() return usages.under_way(jobs.usage) == 0 end, "it is taken back")
            assert.equal(left, usages.jobs(jobs.usage))
            release = true
        end
    end)

    it("have a Host, also when the request had none", function()
        local jobs = edge.open()
        local answer = http.raw("POST /x HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", edge.PORT)
        local text = on_disk.content(stores.path(jobs.store, "pending", cjson.decode(answer.body).id))
        assert.equal("localhost", cjson.decode(text:match("^[^\n]+")).headers.Host)
    end)
end)
