local backlogs = require("resty.openclaw.edge.backlog")
local cjson = require("cjson")
local clock = require("resty.openclaw.core.time.clock")
local edge = require("spec.support.edge_jobs")
local eventually = require("spec.support.eventually")
local execute = require("spec.support.execute")
local ids = require("resty.openclaw.edge.store.id")
local tokens = require("resty.openclaw.edge.delivery_token")
local on_disk = require("spec.support.disk")
local records = require("resty.openclaw.edge.store.record")
local stores = require("resty.openclaw.edge.store")
local usages = require("resty.openclaw.edge.store.usage")

local function put(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
end

--- An id that was made so many seconds ago.
local function old_id(seconds)
    return ids.time_text(ngx.now() - seconds) .. ids.new():sub(13)
end

--- Lays a job on the disk, as if a worker had done so before.
local function lay(jobs, head, body, id)
    id = id or ids.new()
    local whole = { id = id, method = "POST", uri = "/", headers = {}, body_bytes = #(body or "") }
    for name, value in pairs(head or {}) do whole[name] = value end
    put(stores.path(jobs.store, "pending", id), assert(records.line(whole)) .. (body or ""))
    jobs.usage.names:incr(jobs.usage.stored_key, 1, 0)
    return id
end

local function lay_answer(jobs, id, head, body)
    local whole = { id = id, finished = ngx.now(), status = 200, headers = {}, body_bytes = #(body or "") }
    for name, value in pairs(head or {}) do whole[name] = value end
    put(stores.path(jobs.store, "done", id), assert(records.line(whole)) .. (body or ""))
end

local function is_done(jobs, id)
    return stores.has(jobs.store, "done", id) and not stores.has(jobs.store, "pending", id)
end

--- The job ends; what the page says of it then.
local function done(turn, id)
    edge.work(turn, function() return is_done(edge.jobs, id) end, "the end of " .. id)
    return edge.get(id)
end

--- Lets a worker work for a while in which nothing should happen.
local function idle(turn)
    for _ = 1, 5 do
        turn()
        ngx.sleep(0.01)
    end
end

local function delivered(jobs, outcome)
    return edge.figure(jobs, "openclaw_edge_deliveries_total", ('outcome="%s"'):format(outcome))
end

local function counted(jobs, result)
    return edge.figure(jobs, "openclaw_edge_jobs_total", ('result="%s"'):format(result))
end

describe("edge: the delivery of jobs", function()
    before_each(edge.reset)
    after_each(edge.restore)

    it("sends the request as it came, with its mark, and keeps the answer", function()
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
        local answer = done(turn, id)
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
        assert.same({ 1, 1 }, { counted(jobs, "accepted"), counted(jobs, "delivered") })
        assert.same({ 0, 1 }, { edge.figure(jobs, "openclaw_edge_jobs", 'state="pending"'), edge.figure(jobs, "openclaw_edge_jobs", 'state="done"') })
        assert.equal(stores.size(jobs.store, "done", id), edge.figure(jobs, "openclaw_edge_store_bytes", 'state="done"'))
    end)

    it("goes over a unix socket as well, with any method, and with no body", function()
        local _, turn = edge.open({ through = "http://unix:" .. ngx.config.prefix() .. "edge_jobs.sock", methods = { "GET", "POST" } })
        local id = edge.keep("")
        assert.equal("answer 1\n", done(turn, id).body)
        assert.equal("0", edge.seen[1].headers["content-length"])
        local http = require("spec.support.http")
        local answer = http.get_from(edge.PORT, "/got")
        assert.equal(202, answer.status)
        assert.equal("answer 2\n", done(turn, cjson.decode(answer.body).id).body)
        assert.same({ "GET", "/got" }, { edge.seen[2].method, edge.seen[2].uri })
    end)

    it("keeps the key that the client gave", function()
        local _, turn = edge.open()
        done(turn, edge.keep("x", { ["Idempotency-Key"] = "its own" }))
        assert.equal("its own", edge.seen[1].headers["idempotency-key"])
    end)

    it("keeps large bodies out of Lua's strings", function()
        local _, turn = edge.open()
        local longest = 0
        local piece = records.piece
        edge.replace(records, "piece", function(...)
            local text, err = piece(...)
            longest = math.max(longest, text and #text or 0)
            return text, err
        end)
        local body = ("0123456789abcdef"):rep(10 * 65536)
        edge.behave = function(request) ngx.print(ngx.md5(request.body)) end
        assert.equal(ngx.md5(body), done(turn, edge.keep(body)).body)
        assert.equal(65536, longest)
    end)

    it("takes the oldest first, also of those it finds on the disk", function()
        local jobs, turn = edge.open({ concurrency = 1 })
        local laid = {}
        for index = 1, 20 do laid[index] = lay(jobs, nil, "x", old_id(1000 - index * 10)) end
        laid[21] = edge.keep()
        edge.work(turn, function() return #edge.names(jobs, "done") == 21 end)
        for index, id in ipairs(laid) do assert.equal(id, edge.seen[index].headers["idempotency-key"]) end
    end)

    it("begins no more than its rate allows, however long nothing came", function()
        local jobs, turn, dispatcher = edge.open({ rate = 5, concurrency = 100 })
        local now = clock.now()
        edge.replace(clock, "now", function() return now end)
        for _ = 1, 10 do lay(jobs) end
        local function begun()
            turn()
            return #edge.names(jobs, "done") + backlogs.sending_count(dispatcher.delivery.backlog)
        end
        assert.equal(1, begun())
        now = now + 0.1
        assert.equal(1, begun())
        now = now + 0.11
        assert.equal(2, begun())
        now = now + 3600
        assert.equal(3, begun())
        now = now + 0.21
        assert.equal(4, begun())
    end)

    it("has no more than so many under way", function()
        local jobs, turn = edge.open({ concurrency = 3 })
        edge.behave = function() ngx.sleep(0.02) end
        for _ = 1, 10 do lay(jobs) end
        edge.work(turn, function() return #edge.names(jobs, "done") == 10 end)
        assert.equal(3, edge.most_sending)
        assert.equal(10, #edge.seen)
    end)

    describe("tries again", function()
        it("after an answer that says so, with the same key", function()
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
                local answer = done(turn, id)
                assert.same({ "answer 3\n", "200" }, { answer.body, answer.header("X-OpenClaw-Status") })
                for _, seen in ipairs(edge.seen) do assert.equal(id, seen.headers["idempotency-key"]) end
            end
            assert.same({ 8, 4 }, { delivered(jobs, "again"), delivered(jobs, "answered") })
        end)

        it("after no other answer", function()
            local jobs, turn = edge.open()
            for _, status in ipairs({ 204, 302, 400, 401, 404, 409, 413, 422 }) do
                edge.seen = {}
                edge.behave = function() ngx.status = status ngx.print("") end
                assert.equal(tostring(status), done(turn, edge.keep()).header("X-OpenClaw-Status"))
                assert.equal(1, #edge.seen)
            end
            assert.equal(8, counted(jobs, "delivered"))
        end)

        it("not before the time that is asked for", function()
            local jobs, turn = edge.open()
            edge.behave = function()
                ngx.status = 503
                ngx.header["Retry-After"] = 1000
                ngx.say("busy")
            end
            local id = edge.keep()
            edge.work(turn, function() return delivered(jobs, "again") == 1 end)
            idle(turn)
            assert.equal(1, #edge.seen)
            -- Younger ones need not wait for it.
            edge.behave = nil
            done(turn, edge.keep())
            assert.equal(2, #edge.seen)
            assert.is_true(stores.has(jobs.store, "pending", id))
            -- It does not wait for a clock that was set back.
            edge.set_clock(-1e8)
            edge.go_on(1002)
            assert.equal(200, done(turn, id).status)
        end)

        it("no more than it may, and keeps the last answer", function()
            local jobs, turn = edge.open({ max_tries = 3 })
            edge.behave = function(request)
                ngx.status = 500 + request.number
                ngx.say("broken")
            end
            local answer = done(turn, edge.keep())
            assert.same({ 200, "503", "broken\n" }, { answer.status, answer.header("X-OpenClaw-Status"), answer.body })
            assert.equal(3, #edge.seen)
            assert.same({ 1, 0 }, { counted(jobs, "failed"), counted(jobs, "delivered") })
        end)

        it("when no answer comes, and says so in the end", function()
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
                local answer = done(turn, edge.keep())
                assert.same({ 504, "no_answer" }, { answer.status, edge.code(answer) })
                assert.is_nil(answer.header("X-OpenClaw-Status"))
                assert.equal(2, #edge.seen)
                assert.equal(number * 2, delivered(jobs, "no_answer"))
            end
        end)
    end)

    describe("and the link", function()
        it("does not count what did not get through", function()
            local jobs, turn = edge.open({ max_tries = 2, concurrency = 1 })
            edge.behave = function(request)
                if request.number <= 10 then edge.link_down() else ngx.say("there") end
            end
            local first, second = edge.keep(), edge.keep()
            assert.equal("there\n", done(turn, first).body)
            assert.equal(10, delivered(jobs, "link_down"))
            done(turn, second)
            -- The first one stayed the first.
            for number = 1, 11 do assert.equal(first, edge.seen[number].headers["idempotency-key"]) end
            assert.equal(2, counted(jobs, "delivered"))
        end)

        it("lets others go first when a job was taken and not answered", function()
            local jobs, turn = edge.open({ max_tries = 1, concurrency = 1 })
            edge.behave = function(request)
                if request.number == 1 then tokens.decline(true) else ngx.say("there") end
            end
            local first, second = lay(jobs, nil, "x", old_id(50)), lay(jobs, nil, "x", old_id(40))
            done(turn, second)
            assert.is_true(stores.has(jobs.store, "pending", first))
            assert.equal(1, delivered(jobs, "unanswered"))
            edge.later(40)
            idle(turn)
            assert.equal(2, #edge.seen)
            edge.later(60)
            assert.equal("there\n", done(turn, first).body)
        end)

        it("ends a job that was taken several times and never answered, when the link is not to blame", function()
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
            local answer = done(turn, poison)
            assert.same({ 502, "job_failed" }, { answer.status, edge.code(answer) })
            assert.is_nil(answer.header("X-OpenClaw-Status"))
            assert.equal(8, #edge.seen)
            assert.same({ 8, 1 }, { delivered(jobs, "unanswered"), counted(jobs, "failed") })
            assert.equal("failed: job " .. poison .. " reached the other end 3 times and got no response", told[1])
            assert.equal("there\n", done(turn, edge.keep("good")).body)
        end)

        it("takes nothing for an answer that the gateway itself says, and tells why the job waits", function()
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
            assert.equal(#statuses, delivered(jobs, "refused"))
            assert.equal(0, counted(jobs, "failed") + counted(jobs, "delivered"))
            local line = "refused: job %s waits: this gateway itself responds with status 413 (identity_required); see docs/jobs.md"
            assert.equal(line:format(id), told[6])
            assert.equal("there\n", done(turn, edge.keep("good")).body)
            assert.equal(202, edge.get(id).status)
            edge.later(20000)
            edge.behave = nil
            assert.equal(200, done(turn, id).status)
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
            edge.work(turn, function() return delivered(jobs, "refused") == 1 end)
            edge.await_attempts(dispatcher)
            edge.later(90)
            idle(turn)
            assert.equal(1, #edge.seen)
            edge.later(111)
            assert.equal("there\n", done(turn, id).body)
        end)

        it("names a host, also for a job that was kept without one", function()
            local jobs, turn = edge.open()
            done(turn, lay(jobs, { headers = { Host = "" } }))
            assert.equal("localhost", edge.seen[1].headers.host)
        end)

        it("takes no old answer for one", function()
            local jobs, turn = edge.open({ max_tries = 1 })
            edge.behave = function(request)
                if request.number == 1 then ngx.header["X-OpenClaw-Link"] = "stale" end
                ngx.say("answer ", request.number)
            end
            local id = edge.keep()
            edge.work(turn, function() return delivered(jobs, "stale") == 1 end)
            edge.later(3)
            assert.equal("answer 2\n", done(turn, id).body)
        end)

        it("sends nothing while it is down, but one as a trial", function()
            local jobs, turn = edge.open()
            edge.link_is_up = false
            for _ = 1, 5 do lay(jobs) end
            idle(turn)
            assert.equal(0, #edge.seen)
            edge.trials = 3
            edge.behave = function()
                while edge.held do ngx.sleep(0.001) end
                ngx.say("there")
            end
            edge.held = true
            edge.work(turn, function() return #edge.seen == 1 end)
            idle(turn)
            assert.same({ 1, 1 }, { #edge.seen, edge.trials_taken })
            edge.held = false
            edge.work(turn, function() return #edge.names(jobs, "done") == 3 end)
            idle(turn)
            assert.same({ 3, 3 }, { #edge.seen, edge.trials_taken })
            edge.link_is_up = true
            edge.work(turn, function() return #edge.names(jobs, "done") == 5 end)
        end)

        it("takes no trial when there is nothing to try", function()
            local _, turn = edge.open()
            edge.link_is_up, edge.trials = false, 1
            idle(turn)
            assert.equal(0, edge.trials_taken)
        end)

        it("waits for the gateway's own listener", function()
            local jobs, turn = edge.open({ through = "http://127.0.0.1:1", max_tries = 1 })
            local told = edge.faults(jobs)
            local id = edge.keep()
            edge.work(turn, function() return #told >= 3 end)
            assert.equal("through: cannot reach this gateway's own listener: cannot connect: connection refused", told[1])
            assert.is_true(stores.has(jobs.store, "pending", id))
            assert.is_true(delivered(jobs, "not_sent") >= 3)
        end)
    end)

    describe("meets", function()
        it("answers that are too long", function()
            local jobs, turn = edge.open({ max_answer_bytes = 1000 })
            edge.behave = function(request) ngx.print(("x"):rep(request.number == 1 and 1000 or 1001)) end
            assert.equal(("x"):rep(1000), done(turn, edge.keep()).body)
            local answer = done(turn, edge.keep())
            assert.same({ 502, "answer_too_large", "200" }, { answer.status, edge.code(answer), answer.header("X-OpenClaw-Status") })
            assert.equal(1, counted(jobs, "failed"))
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
                local id = lay(jobs, head, "body")
                if index == 1 then put(stores.path(jobs.store, "pending", id), "torn") end
                local answer = done(turn, id)
                assert.same({ index, 500, "job_broken" }, { index, answer.status, edge.code(answer) })
            end
            assert.equal(0, #edge.seen)
            assert.equal(#cases, counted(jobs, "failed"))
            for _, line in ipairs(told) do
                assert.is_nil(line:find(tokens.read_or_create(jobs.token), 1, true))
                assert.is_nil(line:find("b: c", 1, true))
            end
        end)

        it("strangers among the files", function()
            local jobs, turn = edge.open()
            put(jobs.settings.store .. "/pending/README", "")
            put(jobs.settings.store .. "/done/README", "")
            execute("mkdir " .. jobs.settings.store .. "/pending/folder")
            done(turn, edge.keep())
            assert.same({ "README", "folder" }, edge.names(jobs, "pending"))
        end)

        it("answers that a worker kept, and then went no further", function()
            local jobs, turn = edge.open()
            local id, another = lay(jobs, nil, "body"), lay(jobs, nil, "body")
            lay_answer(jobs, id, nil, "kept")
            -- This one is torn.
            put(stores.path(jobs.store, "done", another), '{"body_bytes":5}\nx')
            assert.equal("kept", done(turn, id).body)
            assert.equal("answer 1\n", done(turn, another).body)
            assert.equal(1, #edge.seen)
            assert.same({ 0, 0 }, { usages.jobs(jobs.usage), usages.bytes(jobs.usage) })
        end)
    end)

    describe("on a full disk", function()
        after_each(on_disk.unmount)

        --- Jobs on a disk of so many KiB; nothing where none can be mounted.
        local function open_on(kib, options)
            local disk = on_disk.mount(kib)
            if not disk then return pending("only those who may mount can try this") end
            local given = { store = disk .. "/store", concurrency = 1, max_answer_bytes = 32768 }
            for name, value in pairs(options or {}) do given[name] = value end
            local jobs, turn, dispatcher = edge.open(given)
            turn()
            local told = edge.faults(jobs)
            return jobs, turn, disk, told, dispatcher
        end

        --- A job that can be kept, and then nobody has room for another one.
        local function keep_last(disk, count)
            local kept = {}
            for index = 1, count or 1 do kept[index] = edge.keep("job " .. index) end
            on_disk.fill(disk)
            return kept
        end

        it("room for answers is kept: nothing more is accepted, and all is delivered", function()
            local jobs, turn, disk, told = open_on(256, { reserve_bytes = 100000 })
            if not jobs then return end
            edge.behave = function(request) ngx.print(("x"):rep(20000), request.body) end
            local kept = keep_last(disk, 4)
            local refused = edge.send("x")
            assert.same({ 503, "not_stored" }, { refused.status, edge.code(refused) })
            assert.matches("^store: cannot store a request: cannot write: No space left on device", told[1])
            assert.same({ 4, 0 }, { usages.jobs(jobs.usage), #edge.names(jobs, "incoming") })
            for index, id in ipairs(kept) do
                assert.equal(("x"):rep(20000) .. "job " .. index, done(turn, id).body)
            end
            -- As long as the reserve is not whole no request takes what there may be.
            execute(("truncate -s -8192 %s/filler"):format(disk))
            edge.later(3)
            turn()
            assert.same({ 503, "not_stored" }, { edge.send("x").status, edge.code(edge.send("x")) })
            on_disk.unfill(disk)
            edge.later(6)
            turn()
            assert.equal(202, edge.send("x").status)
        end)

        it("the largest answers go, with a note in their place, and deliveries go on", function()
            local jobs, turn, disk, _, dispatcher = open_on(320, { reserve_bytes = 0 })
            if not jobs then return end
            edge.behave = function(request)
                local size = request.body == "job 2" and 30000 or 5000
                ngx.print(("x"):rep(size), request.body)
            end
            local kept = {}
            for index = 1, 3 do
                kept[index] = edge.keep("job " .. index)
                assert.equal(200, done(turn, kept[index]).status)
            end
            edge.link_is_up = false
            for index = 4, 6 do kept[index] = edge.keep("job " .. index) end
            on_disk.fill(disk)
            edge.link_is_up = true
            for index = 4, 6 do assert.equal("job " .. index, done(turn, kept[index]).body:match("job %d")) end
            local dropped = edge.get(kept[2])
            assert.same({ 410, "answer_dropped", "200" }, { dropped.status, edge.code(dropped), dropped.header("X-OpenClaw-Status") })
            turn()
            assert.equal(1, edge.figure(jobs, "openclaw_edge_answers_dropped_total"))
            assert.same({ 5, 1 }, { edge.figure(jobs, "openclaw_edge_jobs", 'state="done"'), edge.figure(jobs, "openclaw_edge_jobs", 'state="failed"') })
            local bytes = 0
            for _, name in ipairs(edge.names(jobs, "done")) do bytes = bytes + stores.size(jobs.store, "done", name) end
            assert.equal(bytes, dispatcher.delivery.responses.total_bytes)
            assert.equal(6, #edge.seen)
            -- Their time comes, that of the note too.
            edge.later(3700)
            edge.work(turn, function() return #edge.names(jobs, "done") == 0 end)
            local responses = dispatcher.delivery.responses
            assert.same({ 0, 0, 0 }, { responses.count, responses.failed_count, responses.total_bytes })
        end)

        it("jobs end and expire though there is room for nothing", function()
            local jobs, turn, disk = open_on(128, { reserve_bytes = 0, max_age_seconds = 100 })
            if not jobs then return end
            edge.link_is_up = false
            local kept = keep_last(disk, 2)
            edge.link_is_up, edge.trials = false, 1
            local answer = done(turn, kept[1])
            assert.same({ 410, "answer_dropped", "200" }, { answer.status, edge.code(answer), answer.header("X-OpenClaw-Status") })
            edge.later(101)
            edge.work(turn, function() return #edge.names(jobs, "pending") == 0 end)
            assert.equal(410, edge.get(kept[2]).status)
            assert.equal(1, #edge.seen)
            assert.same({ 0, 0 }, { usages.jobs(jobs.usage), usages.bytes(jobs.usage) })
        end)

        it("a secret that is lost takes of what is reserved", function()
            local jobs, turn, disk = open_on(256, { reserve_bytes = 100000 })
            if not jobs then return end
            local kept = keep_last(disk)
            os.remove(jobs.settings.store .. "/secret")
            on_disk.fill(disk)
            assert.equal("answer 1\n", done(turn, kept[1]).body)
        end)
    end)

    it("does not expire late because another job takes long", function()
        local jobs, turn, dispatcher = edge.open({ max_age_seconds = 100 })
        edge.held = true
        edge.behave = function()
            while edge.held do ngx.sleep(0.001) end
            ngx.say("late")
        end
        local slow = lay(jobs, nil, "x", old_id(90))
        edge.work(turn, function() return #edge.seen == 1 end)
        edge.link_is_up = false
        local waiting = lay(jobs, nil, "x", old_id(80))
        dispatcher.scan.count_at = nil
        turn()
        edge.later(30)
        edge.work(turn, function() return not stores.has(jobs.store, "pending", waiting) end)
        edge.held = false
        assert.equal("late\n", done(turn, slow).body)
    end)

    describe("of several workers", function()
        it("is one's at a time", function()
            local first, first_turn, first_dispatcher = edge.open()
            local _, second_turn, second_dispatcher = edge.open({ store = first.settings.store })
            first_turn()
            for _ = 1, 10 do lay(first) end
            idle(second_turn)
            assert.equal(0, #edge.seen)
            assert.is_nil(second_dispatcher.lock)
            first_turn(true)
            assert.is_nil(first_dispatcher.lock)
            second_dispatcher.tried_at = nil
            edge.work(second_turn, function() return #edge.names(first, "done") == 10 end)
            assert.equal(10, #edge.seen)
        end)

        it("goes on with another while the one that exits ends what it began", function()
            local first, first_turn = edge.open({ concurrency = 2 })
            edge.behave = function(request)
                while edge.held and request.number <= 2 do ngx.sleep(0.001) end
                ngx.say("answer ", request.number)
            end
            edge.held = true
            local laid = {}
            for index = 1, 4 do laid[index] = lay(first, nil, "x", old_id(100 - index)) end
            edge.work(first_turn, function() return #edge.seen == 2 end)
            first_turn(true)
            local _, second_turn, second_dispatcher = edge.open({ store = first.settings.store })
            edge.work(second_turn, function() return #edge.names(first, "done") == 2 end)
            assert.equal(4, #edge.seen)
            assert.same({ laid[1], laid[2] }, edge.names(first, "pending"))
            edge.held = false
            edge.set_clock(5)
            edge.work(second_turn, function() return #edge.names(first, "done") == 4 and second_dispatcher.delivery.responses.count == 4 end)
            assert.equal(4, #edge.seen)
            assert.same({}, edge.names(first, "pending"))
            assert.equal("answer 1\n", edge.get(laid[1]).body)
        end)

        it("is another's when one is killed", function()
            local jobs, turn, dispatcher = edge.open()
            local lock = jobs.settings.store .. "/lock"
            execute(("sh -c 'echo $$ > %s.pid; exec 9>%s; flock 9; touch %s.held; exec sleep 60' & :"):format(lock, lock, lock))
            eventually(function() return io.open(lock .. ".held") end)
            local id = lay(jobs)
            idle(turn)
            assert.equal(0, #edge.seen)
            local file = io.open(lock .. ".pid")
            assert.is_true(execute("kill -9 " .. file:read("*n")))
            file:close()
            eventually(function()
                dispatcher.tried_at = nil
                turn()
                return is_done(jobs, id)
            end)
        end)

        it("begins nothing in a worker that exits", function()
            local jobs, turn = edge.open()
            lay(jobs)
            turn(true)
            ngx.sleep(0.02)
            assert.equal(0, #edge.seen)
            edge.replace(ngx.worker, "exiting", function() return true end)
            idle(turn)
            assert.equal(0, #edge.seen)
        end)
    end)

    describe("forgets", function()
        it("jobs that are too old", function()
            local jobs, turn = edge.open({ max_age_seconds = 100 })
            local old, young = {}, lay(jobs, nil, "x", old_id(90))
            edge.link_is_up = false
            for index = 1, 40 do old[index] = lay(jobs, nil, "x", old_id(100 + index)) end
            edge.work(turn, function() return #edge.names(jobs, "pending") == 1 end)
            assert.equal(40, counted(jobs, "expired"))
            local answer = edge.get(old[1])
            assert.same({ 410, "job_expired" }, { answer.status, edge.code(answer) })
            assert.equal(202, edge.get(young).status)
            turn()
            assert.is_true(math.abs(edge.figure(jobs, "openclaw_edge_oldest_seconds") - 90) < 5)
            assert.equal(1, usages.jobs(jobs.usage))
        end)

        it("answers that were kept long enough", function()
            local jobs, turn = edge.open({ keep_seconds = 50 })
            local old, young = old_id(1000), old_id(999)
            lay_answer(jobs, old, { finished = ngx.now() - 51 })
            lay_answer(jobs, young, { finished = ngx.now() - 40 })
            edge.work(turn, function() return #edge.names(jobs, "done") == 1 end)
            assert.equal(410, edge.get(old).status)
            assert.equal(200, edge.get(young).status)
            edge.later(20)
            edge.work(turn, function() return #edge.names(jobs, "done") == 0 end)
        end)

        it("nothing that only looks old, as the clock was set", function()
            local jobs, turn = edge.open({ max_age_seconds = 100, keep_seconds = 50 })
            local answered = edge.keep()
            assert.equal(200, done(turn, answered).status)
            edge.link_is_up = false
            local job = edge.keep()
            local of_another_boot = lay(jobs, { boot = "x", uptime = clock.now() }, "x")
            edge.set_clock(1e8)
            edge.work(turn, function() return not stores.has(jobs.store, "pending", of_another_boot) end)
            idle(turn)
            assert.same({ 202, 200 }, { edge.get(job).status, edge.get(answered).status })
            assert.is_true(edge.figure(jobs, "openclaw_edge_oldest_seconds") < 50)
            -- Another worker, which knows nothing of them.
            local _, other = edge.open({ max_age_seconds = 100, keep_seconds = 50, store = jobs.settings.store })
            turn(true)
            for _ = 1, 3 do idle(other) end
            assert.same({ 202, 200 }, { edge.get(job).status, edge.get(answered).status })
            -- Their time comes all the same.
            edge.set_clock(1e8 + 101)
            edge.go_on(101)
            edge.work(other, function() return edge.get(job).status ~= 202 and edge.get(answered).status ~= 200 end)
        end)

        it("no job that is being delivered", function()
            local jobs, turn = edge.open({ max_age_seconds = 100 })
            edge.held = true
            edge.behave = function()
                while edge.held do ngx.sleep(0.001) end
                ngx.say("late")
            end
            local id = lay(jobs, nil, "x", old_id(90))
            edge.work(turn, function() return #edge.seen == 1 end)
            edge.set_clock(20)
            idle(turn)
            edge.held = false
            assert.equal("late\n", done(turn, id).body)
        end)
    end)

    it("waits when there is no room for answers", function()
        local jobs, turn = edge.open({ max_bytes = 30000, max_answer_bytes = 10000, keep_seconds = 60 })
        edge.behave = function() ngx.print(("x"):rep(10000)) end
        for _ = 1, 5 do lay(jobs) end
        edge.work(turn, function() return #edge.names(jobs, "done") == 2 end)
        idle(turn)
        assert.equal(2, #edge.seen)
        assert.is_true(usages.response_bytes(jobs.usage) <= 30000)
        edge.later(70)
        edge.work(turn, function() return #edge.seen == 4 end)
        idle(turn)
        assert.equal(4, #edge.seen)
    end)

    it("puts right what is counted", function()
        local jobs, turn = edge.open()
        usages.correct(jobs.usage, 7, 7000)
        edge.link_is_up = false
        local id = lay(jobs)
        edge.work(turn, function() return usages.jobs(jobs.usage) == 1 end)
        assert.equal(stores.size(jobs.store, "pending", id), usages.bytes(jobs.usage))
        -- Also later, when it is time.
        usages.correct(jobs.usage, 3, 3000)
        idle(turn)
        assert.equal(4, usages.jobs(jobs.usage))
        local now = clock.now()
        edge.replace(clock, "now", function() return now + 61 end)
        edge.work(turn, function() return usages.jobs(jobs.usage) == 1 end)
        assert.equal(stores.size(jobs.store, "pending", id), usages.bytes(jobs.usage))
    end)

    it("does not count wrongly what comes and goes meanwhile", function()
        local jobs, turn, dispatcher = edge.open()
        edge.link_is_up = false
        -- One is being written; many were there before, of which the dict knows nothing.
        usages.reserve(jobs.usage, ids.new(), 100)
        turn()
        assert.same({ 1, 100 }, { usages.jobs(jobs.usage), usages.bytes(jobs.usage) })
        for _ = 1, 5 do lay(jobs) end
        dispatcher.scan.count_at = nil
        turn()
        assert.equal(5, usages.jobs(jobs.usage))
        -- The one who wrote is gone for good.
        local now = clock.now()
        edge.replace(clock, "now", function() return now + 61 end)
        turn()
        assert.equal(5, usages.jobs(jobs.usage))
        usages.reserve(jobs.usage, ids.new(), 100)
        dispatcher.scan.count_at = nil
        turn()
        assert.equal(6, usages.jobs(jobs.usage))
        edge.replace(clock, "now", function() return now + 200 end)
        turn()
        assert.equal(5, usages.jobs(jobs.usage))
    end)

    it("goes on when something raises", function()
        local jobs, turn = edge.open()
        local told = edge.faults(jobs)
        local read = records.read
        edge.replace(records, "read", function() error("broken", 0) end)
        lay(jobs)
        edge.work(turn, function() return told[1] end)
        assert.equal("delivery: broken", told[1])
        records.read = read
        done(turn, edge.keep())
    end)
end)

describe("edge: callbacks", function()
    local URL = "http://127.0.0.1:18202/told?a=b"

    before_each(edge.reset)
    after_each(edge.restore)

    local function open(options)
        local given = { callback_hosts = { "127.0.0.1:18202" }, callback_plain = true }
        for name, value in pairs(options or {}) do given[name] = value end
        return edge.open(given)
    end

    local function callbacks(jobs, outcome)
        return edge.figure(jobs, "openclaw_edge_callbacks_total", ('outcome="%s"'):format(outcome))
    end

    it("send what the page would answer", function()
        local jobs, turn = open()
        edge.behave = function()
            ngx.status = 201
            ngx.header["Content-Type"] = "text/x-pond"
            ngx.print(("x"):rep(100000))
        end
        local id = edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        edge.work(turn, function() return callbacks(jobs, "sent") == 1 end)
        local heard = edge.heard[1]
        assert.same({ "POST", "/told?a=b", ("x"):rep(100000) }, { heard.method, heard.uri, heard.body })
        assert.same({ id, "201", "text/x-pond" }, { heard.headers["x-openclaw-job"], heard.headers["x-openclaw-status"], heard.headers["content-type"] })
        assert.is_nil(heard.headers["x-openclaw-delivery"])
        assert.is_nil(edge.seen[1].headers["x-openclaw-callback"])
        assert.same({}, edge.names(jobs, "callbacks"))
        assert.equal(200, edge.get(id).status)
        idle(turn)
        assert.equal(1, #edge.heard)
    end)

    it("are tried again, and follow nobody elsewhere", function()
        local jobs, turn = open()
        local told = edge.faults(jobs)
        edge.hear_status = { 500, 302, 404, 204 }
        edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        edge.work(turn, function() return callbacks(jobs, "sent") == 1 end)
        assert.equal(4, #edge.heard)
        assert.equal(3, callbacks(jobs, "again"))
        for _, heard in ipairs(edge.heard) do assert.equal("/told?a=b", heard.uri) end
        assert.matches("^callback: job %x+%-%x+: status 500$", told[1])
    end)

    it("are given up at some time, also over restarts", function()
        local jobs, turn, dispatcher = open()
        edge.faults(jobs)
        edge.hear_status = 500
        local id = edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        edge.work(turn, function() return #edge.heard >= 3 end)
        eventually(function() return dispatcher.delivery.callbacks.sending_count == 0 end)
        turn(true)
        local tries = #edge.heard
        assert.equal(tries, stores.size(jobs.store, "callbacks", id))
        local second, second_turn = open({ store = jobs.settings.store })
        edge.faults(second)
        edge.work(second_turn, function() return callbacks(second, "failed") == 1 end)
        assert.equal(8, #edge.heard)
        assert.same({}, edge.names(jobs, "callbacks"))
        assert.equal(200, edge.get(id).status)
    end)

    it("go nowhere that is no longer allowed", function()
        local jobs, turn = open()
        local told = edge.faults(jobs)
        edge.keep("x", { ["X-OpenClaw-Callback"] = URL })
        jobs.settings.callback_hosts["127.0.0.1:18202"] = nil
        edge.work(turn, function() return callbacks(jobs, "failed") == 1 end)
        assert.equal(0, #edge.heard)
        assert.matches(": its host is not allowed$", told[1])
    end)

    it("tell of jobs that nobody delivered", function()
        local jobs, turn = open({ max_age_seconds = 100 })
        edge.link_is_up = false
        local id = lay(jobs, { callback = URL }, "x", old_id(101))
        edge.work(turn, function() return callbacks(jobs, "sent") == 1 end)
        assert.equal("job_expired", cjson.decode(edge.heard[1].body).error.code)
        assert.equal("job_expired", edge.heard[1].headers["x-openclaw-error"])
        assert.same({ 410, "job_expired" }, { edge.get(id).status, edge.code(edge.get(id)) })
        assert.equal(1, counted(jobs, "expired"))
    end)

    it("are found after the worker was killed at any moment", function()
        local jobs, turn = open()
        -- The answer is kept, the job is still there.
        local one = lay(jobs, { callback = URL })
        lay_answer(jobs, one, { callback = URL }, "one")
        put(stores.path(jobs.store, "callbacks", one), "")
        -- The job is gone.
        local two = ids.new()
        lay_answer(jobs, two, { callback = URL }, "two")
        put(stores.path(jobs.store, "callbacks", two), "...")
        -- The answer is gone as well.
        put(stores.path(jobs.store, "callbacks", ids.new()), "")
        edge.work(turn, function() return callbacks(jobs, "sent") == 2 and callbacks(jobs, "failed") == 1 end)
        local bodies = { edge.heard[1].body, edge.heard[2].body }
        table.sort(bodies)
        assert.same({ "one", "two" }, bodies)
        assert.same({}, edge.names(jobs, "callbacks"))
        assert.equal(0, #edge.seen)
    end)
end)
