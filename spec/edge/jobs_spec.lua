local digest = require("resty.openclaw.core.bytes.digest")
local callbacks = require("resty.openclaw.edge.callbacks")
local cjson = require("cjson")
local edge = require("spec.support.edge_jobs")
local eventually = require("spec.support.eventually")
local execute = require("spec.support.execute")
local files = require("resty.openclaw.core.files.files")
local http = require("spec.support.http")
local ids = require("resty.openclaw.edge.store.id")
local tokens = require("resty.openclaw.edge.delivery_token")
local on_disk = require("spec.support.disk")
local records = require("resty.openclaw.edge.store.record")
local schemas = require("resty.openclaw.config.schema")
local settings_of = require("resty.openclaw.edge.settings")
local stores = require("resty.openclaw.edge.store")
local usages = require("resty.openclaw.edge.store.usage")

local function content(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("*a")
    file:close()
    return text
end

local function refusals(jobs, reason)
    return edge.figure(jobs, "openclaw_edge_refusals_total", ('reason="%s"'):format(reason)) or 0
end

describe("edge: jobs", function()
    before_each(edge.reset)
    after_each(edge.restore)

    describe("are accepted", function()
        it("with an address where their answer will be", function()
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

        it("and then are on the disk, whole", function()
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
                local text = content(stores.path(jobs.store, "pending", id))
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

        it("only when the disk has them, name and all", function()
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
        it("for another method, too long a body, or what cannot be sent again", function()
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

        it("when they name somebody to tell who is not allowed", function()
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
            -- Also those of others, as they look to this gateway: who delivers has the job.
            for _, mark in ipairs({ secret, "", "x", secret .. "0", secret:sub(2), secret:upper(), (digest.new("sha256"):of(secret)) }) do
                local answer = edge.send("x", { ["X-OpenClaw-Delivery"] = mark })
                assert.same({ 424, "link_down", "down" }, { answer.status, edge.code(answer), answer.header("X-OpenClaw-Link") })
            end
            assert.same({}, edge.names(jobs, "pending"))
        end)
    end)

    describe("have a page", function()
        it("that sends long answers piece by piece", function()
            local jobs = edge.open()
            local id, body = ids.new(), ("0123456789abcdef"):rep(100000) .. "!"
            local line = records.line({ finished = 1, status = 200, headers = { ["Content-Type"] = "a/b", ["Content-Encoding"] = "pond", Evil = "x" }, body_bytes = #body })
            assert.is_nil(stores.append(jobs.store, id, line .. body, #line + #body))
            assert(stores.finish(jobs.store, id, "done", id))
            local answer = edge.get(id)
            assert.equal(body, answer.body)
            assert.same(
                { 200, "200", "a/b", "pond", tostring(#body), "no-store", "nosniff" },
                {
                    answer.status, answer.header("X-OpenClaw-Status"), answer.header("Content-Type"), answer.header("Content-Encoding"),
                    answer.header("Content-Length"), answer.header("Cache-Control"), answer.header("X-Content-Type-Options"),
                }
            )
            assert.is_nil(answer.header("Evil"))
            local head = http.raw("HEAD /openclaw/jobs/" .. id .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", edge.PORT)
            assert.same({ 200, "", tostring(#body), "200" }, { head.status, head.body, head.header("Content-Length"), head.header("X-OpenClaw-Status") })
            for _, method in ipairs({ "POST", "DELETE", "PUT" }) do
                local refused = http.raw(method .. " /openclaw/jobs/" .. id .. " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", edge.PORT)
                assert.same({ 405, "method_not_allowed", "GET, HEAD" }, { refused.status, edge.code(refused), refused.header("Allow") })
            end
        end)

        it("that breaks off where an answer goes meanwhile", function()
            local jobs = edge.open()
            local id, body = ids.new(), ("x"):rep(1000000)
            local line = records.line({ finished = 1, status = 200, headers = {}, body_bytes = #body })
            stores.append(jobs.store, id, line .. body, #line + #body)
            assert(stores.finish(jobs.store, id, "done", id))
            local piece, count = records.piece, 0
            edge.replace(records, "piece", function(...)
                count = count + 1
                if count == 5 then stores.remove(jobs.store, "done", id) end
                return piece(...)
            end)
            local answer = edge.get(id)
            assert.equal(200, answer.status)
            assert.is_true(#answer.body < #body)
        end)

        it("that says so where an answer is there and cannot be read", function()
            local jobs, turn = edge.open()
            edge.faults(jobs)
            local id = edge.keep()
            edge.work(turn, function() return edge.get(id).status == 200 end)
            local path = stores.path(jobs.store, "done", id)
            assert.is_nil(files.remove(path))
            assert.is_nil(files.make_folder(path))
            local answer = edge.get(id)
            assert.same({ 500, "answer_unreadable" }, { answer.status, edge.code(answer) })
            -- So it is for the gateway, which looks in the stores of all routes.
            local others = edge.open()
            edge.replace(edge, "page", function()
                require("resty.openclaw.edge").show_job({ { jobs = others }, { jobs = jobs } })
            end)
            assert.equal("answer_unreadable", edge.code(edge.get(id)))
            assert.is_nil(files.remove_folder(path))
            assert.equal("unknown_job", edge.code(edge.get(id)))
        end)

        it("that tells what never was from what is gone", function()
            edge.open({ max_age_seconds = 1000, keep_seconds = 100 })
            local function at(seconds)
                local answer = edge.get(ids.time_text(ngx.now() - seconds) .. ids.new():sub(13))
                return { answer.status, edge.code(answer) }
            end
            assert.same({ 404, "unknown_job" }, at(0))
            assert.same({ 404, "unknown_job" }, at(90))
            assert.same({ 404, "unknown_job" }, at(-1000))
            assert.same({ 410, "job_expired" }, at(101))
            assert.same({ 410, "job_expired" }, at(100000000))
        end)

        it("that lets nobody out of the folder", function()
            local jobs = edge.open()
            local id = edge.keep("x")
            local opened = {}
            local open, is_gone = files.open, files.is_gone
            edge.replace(files, "open", function(path, ...) opened[#opened + 1] = path return open(path, ...) end)
            edge.replace(files, "is_gone", function(path) opened[#opened + 1] = path return is_gone(path) end)
            for _, text in ipairs({
                "", ".", "..", "../lock", "..%2flock", "%2e%2e/pending/" .. id, "x/../../lock", "%00", id .. "%00", id .. "/", id .. "%0a",
                id:upper(), id:sub(2), "..%5c" .. id, "....//....//etc/passwd", ("a"):rep(5000), id .. "?x", "%ff%fe",
            }) do
                local answer = http.get_from(edge.PORT, "/openclaw/jobs/" .. text)
                if text == id .. "?x" then
                    assert.equal(202, answer.status)
                else
                    assert.is_true(answer.status >= 400 or answer.status == 202 and text:find("%2e%2e/pending", 1, true), text .. answer.status)
                end
            end
            for _, path in ipairs(opened) do assert.equal(id, path:sub(-#id)) end
            assert.same({ id }, edge.names(jobs, "pending"))
        end)
    end)

    it("take back what a request has begun whose client has left", function()
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

    it("are swept of what nobody finished, now and then", function()
        local jobs, turn = edge.open()
        local function begin_one()
            local id = ids.time_text(ngx.now() - 601) .. "-" .. ("0"):rep(32)
            assert.is_nil(stores.append(jobs.store, id, "x", 1))
        end
        local function is_swept() return #edge.names(jobs, "incoming") == 0 end
        begin_one()
        edge.work(turn, is_swept)
        begin_one()
        turn()
        assert.is_false(is_swept())
        edge.go_on(121)
        edge.work(turn, is_swept)
    end)

    it("report what there is", function()
        local jobs, turn = edge.open()
        edge.link_is_up = false
        local id = edge.keep("x")
        turn()
        local usage = jobs.usage
        local function bytes(shelf) return stores.size(jobs.store, shelf, id) end
        assert.same({ 1, 0, 0, bytes("pending"), 0 }, { usages.jobs(usage), usages.responses(usage), usages.failed(usage), usages.bytes(usage), usages.response_bytes(usage) })
        assert.is_true(usages.oldest_seconds(usage) >= 0 and usages.oldest_seconds(usage) < 10)
        edge.link_is_up = true
        edge.work(turn, function() return usages.responses(usage) == 1 end)
        assert.same({ 0, bytes("done"), 0 }, { usages.jobs(usage), usages.response_bytes(usage), usages.oldest_seconds(usage) })
    end)

    describe("have a mark", function()
        local function mode(path)
            local pipe = io.popen("stat -c %a " .. path)
            local text = pipe:read("*l")
            pipe:close()
            return text
        end

        --- Whether a store's deliveries are known by that secret.
        local function knows(jobs, secret)
            local its_match
            edge.behave = function() its_match = tokens.matches(jobs.token) end
            http.post_to(18200, "/", "x", { ["X-OpenClaw-Delivery"] = secret })
            return its_match
        end

        it("that is a secret of the store, so that two gateways with one store, and no others, share it", function()
            local jobs, other = edge.open(), edge.open()
            local path = jobs.settings.store .. "/secret"
            assert.is_false(knows(jobs, ("0"):rep(64)))
            local secret = tokens.read_or_create(jobs.token)
            assert.matches("^%x+$", secret)
            assert.same({ 64, "600" }, { #secret, mode(path) })
            local same = edge.open({ store = jobs.settings.store })
            assert.equal(secret, tokens.read_or_create(same.token))
            assert.is_true(knows(same, secret))
            assert.not_equal(secret, tokens.read_or_create(other.token))
            assert.is_false(knows(other, secret))
        end)

        it("that is made anew when it is torn, or when others may read it, and is then known", function()
            local jobs = edge.open()
            local path = jobs.settings.store .. "/secret"
            local before = tokens.read_or_create(jobs.token)
            for index, damage in ipairs({ ": > %s", "printf x > %s", "chmod 644 %s", "head -c 64 /dev/zero > %s" }) do
                on_disk.shell(damage, path)
                local secret = tokens.read_or_create(jobs.token)
                assert.not_equal(before, secret)
                assert.equal("600", mode(path))
                edge.go_on(2 * index)
                assert.is_true(knows(jobs, secret))
                assert.is_false(knows(jobs, before))
                before = secret
            end
            assert.same({}, edge.names(jobs, "incoming"))
        end)
    end)

    it("have a host, also where the request named none", function()
        local jobs = edge.open()
        local answer = http.raw("POST /x HTTP/1.0\r\nContent-Length: 1\r\n\r\nx", edge.PORT)
        local text = content(stores.path(jobs.store, "pending", cjson.decode(answer.body).id))
        assert.equal("localhost", cjson.decode(text:match("^[^\n]+")).headers.Host)
    end)

    it("do not raise where their folder cannot be made", function()
        local told = {}
        edge.replace(ngx, "log", function(_, ...) told[#told + 1] = table.concat({ ... }) end)
        edge.open({ store = "/no/such/folder/store" })
        assert.equal("edge: store: cannot make the folder: No such file or directory: /no/such/folder/store", told[1])
    end)

    describe("have options", function()
        local GOOD = { store = "/var/spool/x", through = "http://127.0.0.1:8081" }

        local function read(options)
            local given = {}
            for name, value in pairs(GOOD) do given[name] = value end
            for name, value in pairs(options or {}) do given[name] = value end
            if given.store == false then given.store = nil end
            return settings_of.of(schemas.read_or_raise(settings_of.SCHEMA, given, "edge"), "edge")
        end

        it("with defaults", function()
            local settings = read()
            assert.same({ "127.0.0.1", 8081 }, { settings.host, settings.port })
            assert.same(
                { 10485760, 1073741824, 10000, 0.5, 86400, 3600, 1048576, 4 * (1048576 + 4096), 5, 4, 5, 5, 330, false, "default" },
                {
                    settings.max_body_bytes, settings.max_bytes, settings.max_jobs, settings.client_share, settings.max_age_seconds, settings.keep_seconds,
                    settings.max_answer_bytes, settings.reserve_bytes, settings.rate, settings.concurrency, settings.max_tries, settings.attempts, settings.timeout_seconds,
                    settings.callback_plain, settings.thread_pool,
                }
            )
            assert.same({ POST = true }, settings.methods)
            local names = {}
            for index, header in ipairs(settings.headers) do names[index] = header.name end
            assert.same({ "Content-Type", "Content-Encoding", "Content-Language", "Accept", "Accept-Language", "Idempotency-Key" }, names)
        end)

        it("that name a listener on this machine alone", function()
            assert.same({ "unix:/run/a.sock", 0 }, { read({ through = "http://unix:/run/a.sock" }).host, read({ through = "http://unix:/run/a.sock:" }).port })
            assert.equal("[::1]", read({ through = "http://[::1]:81/" }).host)
            assert.equal("localhost", read({ through = "http://localhost:81" }).host)
            for _, url in ipairs({
                "127.0.0.1:81", "https://127.0.0.1:81", "http://10.0.0.1", "http://127.0.0.1.evil", "http://example.test", "http://127.0.0.1:81/x",
                "http://unix:", "http://unix:x", "http://[::2]:81", "http://0.0.0.0:81", "http://a@127.0.0.1", "unix:/run/x",
            }) do
                local ok, err = pcall(read, { through = url })
                assert.is_false(ok, url)
                assert.equal('edge.through must be "http://127.0.0.1:PORT" or "http://unix:/PATH", where this gateway listens, got "' .. url .. '"', err)
            end
        end)

        it("that are refused with a sentence when they are wrong", function()
            for expected, options in pairs({
                ['store must be the path of a folder from the root, got nothing'] = { store = false },
                ['store must be the path of a folder from the root, got "x/y"'] = { store = "x/y" },
                ['store must be the path of a folder from the root, got "/x/"'] = { store = "/x/" },
                ['store must be the path of a folder from the root, got "/"'] = { store = "/" },
                ['methods[1] must be a method like "POST", got "post"'] = { methods = { "post" } },
                ['methods[1] must be a method like "POST", got "CONNECT"'] = { methods = { "CONNECT" } },
                ['methods must be a list with at least one entry, got a string'] = { methods = "POST" },
                ['methods[1] must be a method like "POST", got 5'] = { methods = { 5 } },
                ['headers[1] must be the name of a header to store, got "a b"'] = { headers = { "a b" } },
                ['headers[1] must be the name of a header to store, got "Content-Length"'] = { headers = { "Content-Length" } },
                ['headers[1] must be the name of a header to store, got "X-OpenClaw-Delivery"'] = { headers = { "X-OpenClaw-Delivery" } },
                ['headers[1] must be the name of a header to store, got "Host"'] = { headers = { "Host" } },
                ['max_bytes must be a whole number from 1 up, got 0'] = { max_bytes = 0 },
                ['max_bytes must be 4096 or more above max_answer_bytes (1048576), got 1048576'] = { max_bytes = 1048576 },
                ['client_share must be a number above 0, up to 1, got 1.1'] = { client_share = 1.1 },
                ['rate must be a number above 0, got 0'] = { rate = 0 },
                ['concurrency must be a whole number from 1 up, got 1.5'] = { concurrency = 1.5 },
                ['callback_hosts[1] must be a host like "app.example" or "app.example:8443", got "https://x"'] = { callback_hosts = { "https://x" } },
                ['callback_hosts[1] must be a host like "app.example" or "app.example:8443", got "x/"'] = { callback_hosts = { "x/" } },
                ['callback_plain must be true or false, got 1'] = { callback_plain = 1 },
            }) do
                local ok, err = pcall(read, options)
                assert.is_false(ok, expected)
                assert.equal('edge.' .. expected, err)
            end
        end)

        it("by which plain callbacks are allowed", function()
            local settings = read({ callback_hosts = { "App.test" }, callback_plain = true })
            assert.is_nil(callbacks.url_fault(settings, "http://app.test/"))
            assert.is_nil(callbacks.url_fault(settings, "http://app.test:80/"))
            assert.equal("its host is not allowed", callbacks.url_fault(settings, "http://app.test:443/"))
        end)
    end)
end)
