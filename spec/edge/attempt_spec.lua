local cjson = require("cjson")
local edge = require("spec.support.edge_jobs")
local execute = require("spec.support.execute")
local files = require("resty.openclaw.core.files.files")
local http = require("spec.support.http")
local ids = require("resty.openclaw.edge.store.id")
local records = require("resty.openclaw.edge.store.record")
local stores = require("resty.openclaw.edge.store")
local tokens = require("resty.openclaw.edge.delivery_token")
local usages = require("resty.openclaw.edge.store.usage")

describe("edge: an attempt", function()
    before_each(edge.reset)
    after_each(edge.restore)

    it("sends the request as it came, with the token, and stores the response", function()
        local jobs, turn = edge.open()
        local body = ("0123456789abcdef"):rep(40000)
        edge.behave = function(request)
            ngx.status = 201
            ngx.header["Content-Type"] = "application/x-pond"
            ngx.header["Set-Cookie"] = "a=b"
            ngx.print("answer to ", ngx.md5(request.body))
        end
        local id = edge.keep(body, { Accept = "a/b", ["Content-Type"] = "image/png", Authorization = "secret", Cookie = "secret" })
        assert.equal(202, edge.get(id).status)
        local answer = edge.done(turn, id)
        assert.equal(200, answer.status)
        assert.equal("201", answer.header("X-OpenClaw-Status"))
        assert.equal("application/x-pond", answer.header("Content-Type"))
        assert.is_nil(answer.header("Set-Cookie"))
        assert.equal("answer to " .. ngx.md5(body), answer.body)
        assert.equal(1, #edge.seen)
        local seen = edge.seen[1]
        assert.same({ "POST", "/api/analyze?x=%20y", true }, { seen.method, seen.uri, seen.is_delivery })
        assert.equal(id, seen.headers["idempotency-key"])
        assert.same({ "a/b", "image/png", "gateway" }, { seen.headers.accept, seen.headers["content-type"], seen.headers.host })
        assert.is_nil(seen.headers.authorization)
        assert.is_nil(seen.headers.cookie)
        assert.same({}, edge.names(jobs, "pending"))
        assert.same({}, edge.names(jobs, "incoming"))
        assert.same({ 0, 0 }, { usages.jobs(jobs.usage), usages.bytes(jobs.usage) })
        turn()
        assert.same({ 1, 1 }, { edge.counted(jobs, "accepted"), edge.counted(jobs, "delivered") })
        assert.same({ 0, 1 }, { edge.figure(jobs, "openclaw_edge_jobs", 'state="pending"'), edge.figure(jobs, "openclaw_edge_jobs", 'state="done"') })
        assert.equal(stores.size(jobs.store, "done", id), edge.figure(jobs, "openclaw_edge_store_bytes", 'state="done"'))
    end)

    it("works over a unix socket as well, with any method, and with no body", function()
        local _, turn = edge.open({ through = "http://unix:" .. ngx.config.prefix() .. "edge_jobs.sock", methods = { "GET", "POST" } })
        local id = edge.keep("")
        assert.equal("answer 1\n", edge.done(turn, id).body)
        assert.equal("0", edge.seen[1].headers["content-length"])
        local answer = http.get_from(edge.PORT, "/got")
        assert.equal(202, answer.status)
        assert.equal("answer 2\n", edge.done(turn, cjson.decode(answer.body).id).body)
        assert.same({ "GET", "/got" }, { edge.seen[2].method, edge.seen[2].uri })
    end)

    it("sends the client's own key", function()
        local _, turn = edge.open()
        edge.done(turn, edge.keep("x", { ["Idempotency-Key"] = "its own" }))
        assert.equal("its own", edge.seen[1].headers["idempotency-key"])
    end)

    it("keeps large bodies out of Lua's strings", function()
        local _, turn = edge.open()
        local longest = 0
        local read = files.read
        edge.replace(files, "read", function(...)
            local count, err = read(...)
            longest = math.max(longest, count or 0)
            return count, err
        end)
        local body = ("0123456789abcdef"):rep(10 * 65536)
        edge.behave = function(request) ngx.print(ngx.md5(request.body)) end
        assert.equal(ngx.md5(body), edge.done(turn, edge.keep(body)).body)
        assert.equal(65536, longest)
    end)

    describe("tries again", function()
        it("after 408, 429 and 5xx, with the same key", function()
            local jobs, turn = edge.open()
            for _, status in ipairs({ 408, 429, 500, 503 }) do
                edge.seen = {}
                edge.behave = function(request)
                    if request.number < 3 then
                        ngx.status = status
                        ngx.header["Retry-After"] = 0
                    end
                    ngx.say("answer ", request.number)
                end
                local id = edge.keep()
                local answer = edge.done(turn, id)
                assert.same({ "answer 3\n", "200" }, { answer.body, answer.header("X-OpenClaw-Status") })
                for _, seen in ipairs(edge.seen) do assert.equal(id, seen.headers["idempotency-key"]) end
            end
            assert.same({ 8, 4 }, { edge.delivered(jobs, "again"), edge.delivered(jobs, "answered") })
        end)

        it("after no other status", function()
            local jobs, turn = edge.open()
            for _, status in ipairs({ 204, 302, 400, 401, 404, 409, 413, 422 }) do
                edge.seen = {}
                edge.behave = function() ngx.status = status ngx.print("") end
                assert.equal(tostring(status), edge.done(turn, edge.keep()).header("X-OpenClaw-Status"))
                assert.equal(1, #edge.seen)
            end
            assert.equal(8, edge.counted(jobs, "delivered"))
        end)

        it("not before Retry-After has passed", function()
            local jobs, turn = edge.open()
            edge.behave = function()
                ngx.status = 503
                ngx.header["Retry-After"] = 1000
                ngx.say("busy")
            end
            local id = edge.keep()
            edge.work(turn, function() return edge.delivered(jobs, "again") == 1 end)
            edge.idle(turn)
            assert.equal(1, #edge.seen)
            -- Younger ones need not wait for it.
            edge.behave = nil
            edge.done(turn, edge.keep())
            assert.equal(2, #edge.seen)
            assert.is_true(stores.has(jobs.store, "pending", id))
            -- It does not wait for a clock that was set back.
            edge.set_clock(-1e8)
            edge.go_on(1002)
            assert.equal(200, edge.done(turn, id).status)
        end)

        it("`max_tries` times, and stores the last response", function()
            local jobs, turn = edge.open({ max_tries = 3 })
            edge.behave = function(request)
                ngx.status = 500 + request.number
                ngx.say("broken")
            end
            local answer = edge.done(turn, edge.keep())
            assert.same({ 200, "503", "broken\n" }, { answer.status, answer.header("X-OpenClaw-Status"), answer.body })
            assert.equal(3, #edge.seen)
            assert.same({ 1, 0 }, { edge.counted(jobs, "failed"), edge.counted(jobs, "delivered") })
        end)

        it("after no response, and says so in the end", function()
            local jobs, turn = edge.open({ max_tries = 2, timeout_seconds = 1 })
            for number, behave in ipairs({
                function() ngx.exit(444) end,
                function() ngx.sleep(3) end,
                function()
                    ngx.header["Content-Length"] = 100
                    ngx.print("x")
                    ngx.flush(true)
                    ngx.exit(ngx.ERROR)
                end,
            }) do
                edge.seen, edge.behave = {}, behave
                local answer = edge.done(turn, edge.keep())
                assert.same({ 504, "no_answer" }, { answer.status, edge.code(answer) })
                assert.is_nil(answer.header("X-OpenClaw-Status"))
                assert.equal(2, #edge.seen)
                assert.equal(number * 2, edge.delivered(jobs, "no_answer"))
            end
        end)
    end)

    describe("and the link", function()
        it("does not count attempts that did not reach the other end", function()
            local jobs, turn = edge.open({ max_tries = 2, concurrency = 1 })
            edge.behave = function(request)
                if request.number <= 10 then edge.link_down() else ngx.say("there") end
            end
            local first, second = edge.keep(), edge.keep()
            assert.equal("there\n", edge.done(turn, first).body)
            assert.equal(10, edge.delivered(jobs, "link_down"))
            edge.done(turn, second)
            -- The first one stayed the first.
            for number = 1, 11 do assert.equal(first, edge.seen[number].headers["idempotency-key"]) end
            assert.equal(2, edge.counted(jobs, "delivered"))
        end)

        it("lets others go first when a job reached the other end and got no response", function()
            local jobs, turn = edge.open({ max_tries = 1, concurrency = 1 })
            edge.behave = function(request)
                if request.number == 1 then tokens.decline(true) else ngx.say("there") end
            end
            local first, second = edge.lay(jobs, nil, "x", edge.old_id(50)), edge.lay(jobs, nil, "x", edge.old_id(40))
            edge.done(turn, second)
            assert.is_true(stores.has(jobs.store, "pending", first))
            assert.equal(1, edge.delivered(jobs, "unanswered"))
            edge.later(40)
            edge.idle(turn)
            assert.equal(2, #edge.seen)
            edge.later(60)
            assert.equal("there\n", edge.done(turn, first).body)
        end)

        it("fails a job that reached the other end several times and got no response, when the link is not to blame", function()
            local jobs, turn, dispatcher = edge.open({ attempts = 3, max_tries = 1, concurrency = 1 })
            local told = edge.faults(jobs)
            edge.behave = function(request)
                if request.body == "poison" then tokens.decline(true) else ngx.say("there") end
            end
            local poison = edge.keep("poison")
            local function age()
                edge.await_attempts(dispatcher)
                edge.later(#edge.seen * 1000)
            end
            for number = 1, 7 do
                -- What happens while the link is down says nothing of a job.
                edge.link_is_up, edge.trials = number <= 2, 1
                edge.work(turn, function() return #edge.seen == number end)
                age()
                assert.equal(202, edge.get(poison).status)
            end
            edge.link_is_up = true
            local answer = edge.done(turn, poison)
            assert.same({ 502, "job_failed" }, { answer.status, edge.code(answer) })
            assert.is_nil(answer.header("X-OpenClaw-Status"))
            assert.equal(8, #edge.seen)
            assert.same({ 8, 1 }, { edge.delivered(jobs, "unanswered"), edge.counted(jobs, "failed") })
            assert.equal("failed: job " .. poison .. " reached the other end 3 times and got no response", told[1])
            assert.equal("there\n", edge.done(turn, edge.keep("good")).body)
        end)

        it("does not store what the gateway itself responds, and reports why the job waits", function()
            local jobs, turn, dispatcher = edge.open({ max_tries = 1, attempts = 1, concurrency = 1 })
            local told = edge.faults(jobs)
            local statuses = { 200, 400, 401, 403, 404, 413, 429, 500, 503 }
            edge.behave = function(request)
                if request.body == "good" then return ngx.say("there") end
                ngx.header["X-OpenClaw-Link"] = nil
                ngx.status = statuses[request.number] or 401
                ngx.print('{"error":{"code":"identity_required","message":"Who?","status":401}}')
            end
            local id = edge.keep("refused")
            for number = 1, #statuses do
                edge.work(turn, function() return #edge.seen == number end)
                edge.await_attempts(dispatcher)
                assert.equal(202, edge.get(id).status)
                -- Others need not wait for it.
                edge.later(number * 1000)
            end
            assert.equal(#statuses, edge.delivered(jobs, "refused"))
            assert.equal(0, edge.counted(jobs, "failed") + edge.counted(jobs, "delivered"))
            local line = "refused: job %s waits: this gateway itself responds with status 413 (identity_required); see docs/jobs.md"
            assert.equal(line:format(id), told[6])
            assert.equal("there\n", edge.done(turn, edge.keep("good")).body)
            assert.equal(202, edge.get(id).status)
            edge.later(20000)
            edge.behave = nil
            assert.equal(200, edge.done(turn, id).status)
        end)

        it("waits as long as the gateway itself asks for", function()
            local jobs, turn, dispatcher = edge.open({ concurrency = 1 })
            edge.faults(jobs)
            edge.behave = function(request)
                if request.number > 1 then return ngx.say("there") end
                ngx.header["X-OpenClaw-Link"] = nil
                ngx.status = 503
                ngx.header["Retry-After"] = 100
                ngx.print("busy")
            end
            local id = edge.keep()
            edge.work(turn, function() return edge.delivered(jobs, "refused") == 1 end)
            edge.await_attempts(dispatcher)
            edge.later(90)
            edge.idle(turn)
            assert.equal(1, #edge.seen)
            edge.later(111)
            assert.equal("there\n", edge.done(turn, id).body)
        end)

        it("sends a Host, also for a job that was stored without one", function()
            local jobs, turn = edge.open()
            edge.done(turn, edge.lay(jobs, { headers = { Host = "" } }))
            assert.equal("localhost", edge.seen[1].headers.host)
        end)

        it("does not store a stale response", function()
            local jobs, turn = edge.open({ max_tries = 1 })
            edge.behave = function(request)
                if request.number == 1 then ngx.header["X-OpenClaw-Link"] = "stale" end
                ngx.say("answer ", request.number)
            end
            local id = edge.keep()
            edge.work(turn, function() return edge.delivered(jobs, "stale") == 1 end)
            edge.later(3)
            assert.equal("answer 2\n", edge.done(turn, id).body)
        end)

        it("sends nothing while it is down, except for one as a trial", function()
            local jobs, turn = edge.open()
            edge.link_is_up = false
            for _ = 1, 5 do edge.lay(jobs) end
            edge.idle(turn)
            assert.equal(0, #edge.seen)
            edge.trials = 3
            edge.behave = function()
                while edge.held do ngx.sleep(0.001) end
                ngx.say("there")
            end
            edge.held = true
            edge.work(turn, function() return #edge.seen == 1 end)
            edge.idle(turn)
            assert.same({ 1, 1 }, { #edge.seen, edge.trials_taken })
            edge.held = false
            edge.work(turn, function() return #edge.names(jobs, "done") == 3 end)
            edge.idle(turn)
            assert.same({ 3, 3 }, { #edge.seen, edge.trials_taken })
            edge.link_is_up = true
            edge.work(turn, function() return #edge.names(jobs, "done") == 5 end)
        end)

        it("takes no trial when there is nothing to try", function()
            local _, turn = edge.open()
            edge.link_is_up, edge.trials = false, 1
            edge.idle(turn)
            assert.equal(0, edge.trials_taken)
        end)

        it("waits for the gateway's own listener", function()
            local jobs, turn = edge.open({ through = "http://127.0.0.1:1", max_tries = 1 })
            local told = edge.faults(jobs)
            local id = edge.keep()
            edge.work(turn, function() return #told >= 3 end)
            assert.equal("through: cannot reach this gateway's own listener: cannot connect: connection refused", told[1])
            assert.is_true(stores.has(jobs.store, "pending", id))
            assert.is_true(edge.delivered(jobs, "not_sent") >= 3)
        end)
    end)

    describe("meets", function()
        it("responses that are too long", function()
            local jobs, turn = edge.open({ max_answer_bytes = 1000 })
            edge.behave = function(request) ngx.print(("x"):rep(request.number == 1 and 1000 or 1001)) end
            assert.equal(("x"):rep(1000), edge.done(turn, edge.keep()).body)
            local answer = edge.done(turn, edge.keep())
            assert.same({ 502, "answer_too_large", "200" }, { answer.status, edge.code(answer), answer.header("X-OpenClaw-Status") })
            assert.equal(1, edge.counted(jobs, "failed"))
        end)

        it("torn and hostile files", function()
            local jobs, turn = edge.open()
            local told = edge.faults(jobs)
            local cases = {
                {}, { uri = "x" }, { uri = "/ HTTP/1.1\r\nX: y\r\n" }, { uri = cjson.null }, { method = "CONNECT" }, { method = {} },
                { headers = { ["X-Y"] = "a\r\nb: c" } }, { headers = { ["Content-Length"] = "1000" } }, { headers = { "x" } },
                { headers = { Host = { "x" } } },
            }
            for index, head in ipairs(cases) do
                local id = edge.lay(jobs, head, "body")
                if index == 1 then edge.put(stores.path(jobs.store, "pending", id), "torn") end
                local answer = edge.done(turn, id)
                assert.same({ index, 500, "job_broken" }, { index, answer.status, edge.code(answer) })
            end
            assert.equal(0, #edge.seen)
            assert.equal(#cases, edge.counted(jobs, "failed"))
            for _, line in ipairs(told) do
                assert.is_nil(line:find(tokens.read_or_create(jobs.token), 1, true))
                assert.is_nil(line:find("b: c", 1, true))
            end
        end)

        it("files that are not its own", function()
            local jobs, turn = edge.open()
            edge.put(jobs.settings.store .. "/pending/README", "")
            edge.put(jobs.settings.store .. "/done/README", "")
            execute("mkdir " .. jobs.settings.store .. "/pending/folder")
            edge.done(turn, edge.keep())
            assert.same({ "README", "folder" }, edge.names(jobs, "pending"))
        end)

        it("responses that a worker stored before it was killed", function()
            local jobs, turn = edge.open()
            local id, another = edge.lay(jobs, nil, "body"), edge.lay(jobs, nil, "body")
            edge.lay_response(jobs, id, nil, "kept")
            -- This one is torn.
            edge.put(stores.path(jobs.store, "done", another), '{"body_bytes":5}\nx')
            assert.equal("kept", edge.done(turn, id).body)
            assert.equal("answer 1\n", edge.done(turn, another).body)
            assert.equal(1, #edge.seen)
            assert.same({ 0, 0 }, { usages.jobs(jobs.usage), usages.bytes(jobs.usage) })
        end)
    end)

    it("reads what the version before stored", function()
        local jobs, turn = edge.open()
        local id, answered = ids.new(), ids.new()
        local job = '{"method":"POST","uri":"/a?b=c","created":1764427000.5,"route":"pond","boot":"0b5f","uptime":12.25,"headers":{"Host":"edge","Accept":"a/b"},"body_bytes":4,"id":"%s"}\nbody'
        local answer = '{"status":201,"finished":%d,"boot":"0b5f","uptime":13.5,"headers":{"Content-Type":"a/b"},"body_bytes":5,"id":"%s"}\nthere'
        edge.put(stores.path(jobs.store, "pending", id), job:format(id))
        edge.put(stores.path(jobs.store, "done", answered), answer:format(ngx.now() - 10, answered))
        assert.equal("answer 1\n", edge.done(turn, id).body)
        local seen = edge.seen[1]
        assert.same({ "POST", "/a?b=c", "edge", "a/b", "body" }, { seen.method, seen.uri, seen.headers.host, seen.headers.accept, seen.body })
        local page = edge.get(answered)
        assert.same({ 200, "201", "a/b", "there" }, { page.status, page.header("X-OpenClaw-Status"), page.header("Content-Type"), page.body })
    end)

    it("goes on when something raises", function()
        local jobs, turn = edge.open()
        local told = edge.faults(jobs)
        local read = records.read
        edge.replace(records, "read", function() error("broken", 0) end)
        edge.lay(jobs)
        edge.work(turn, function() return told[1] end)
        assert.equal("delivery: broken", told[1])
        records.read = read
        edge.done(turn, edge.keep())
    end)
end)
