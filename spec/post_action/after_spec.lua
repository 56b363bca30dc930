local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local post_action = require("resty.openclaw.post_action")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local after, limit_after = post_action.after, post_action.limit_after
local RECEIVER = "http://127.0.0.1:18080/post_action_after/receiver"

local registry = metric_registry.open("openclaw")
local restores = {}

--- Puts another value in a field until the spec ends, or until what it returns is called.
local function replace(owner, field, value)
    local real = owner[field]
    owner[field] = value
    local function restore()
        owner[field] = real
    end
    restores[#restores + 1] = restore
    return restore
end

--- A pool of its own, with these limits.
local function limit(options)
    local restore = replace(ngx, "get_phase", function() return "init" end)
    local ok, err = pcall(limit_after, options)
    restore()
    if not ok then error(err, 0) end
end

local outcomes = metric_registry.counter(registry, "openclaw_post_action_actions_total", "", { "outcome" })

local function count(outcome)
    return shared_memory.total(registry.region, outcomes:labels(outcome).slot)
end

local function gauge(name)
    local found = {}
    for _, collector in ipairs(registry.collectors) do
        if collector.name == name then
            collector.collect(function(_, value) found[#found + 1] = value end)
        end
    end
    assert.equal(1, #found)
    return found[1]
end

local function waiting() return gauge("openclaw_post_action_actions_waiting") end
local function running() return gauge("openclaw_post_action_actions_running") end

local function counted()
    return { done = count("done"), failed = count("failed"), dropped = count("dropped") }
end

--- Waits until what was given since has ended like this.
local function ends(since, expected)
    eventually(function()
        for _, outcome in ipairs({ "done", "failed", "dropped" }) do
            if count(outcome) - since[outcome] ~= (expected[outcome] or 0) then return false end
        end
        return waiting() == 0 and running() == 0
    end, "the outcomes")
end

--- What the log is told.
local function listen()
    local said = {}
    replace(ngx, "log", function(_, ...)
        local parts = {}
        for place = 1, select("#", ...) do parts[place] = tostring((select(place, ...))) end
        said[#said + 1] = table.concat(parts)
    end)
    return said
end

--- Counts the timers that are made.
local function count_timers()
    local real, timers = ngx.timer.at, { number = 0 }
    replace(ngx.timer, "at", function(...)
        timers.number = timers.number + 1
        return real(...)
    end)
    return timers
end

--- An action that goes on until its gate is opened.
local function hold()
    local gate = { open = false, inside = 0, most = 0 }
    function gate.action()
        gate.inside = gate.inside + 1
        gate.most = math.max(gate.most, gate.inside)
        while not gate.open do ngx.sleep(0.005) end
        gate.inside = gate.inside - 1
    end
    return gate
end

describe("post_action.after", function()
    local since

    before_each(function()
        limit({})
        _G.spec_after = function() end
        since = counted()
    end)
    after_each(function()
        for place = #restores, 1, -1 do restores[place]() end
        restores = {}
        _G.spec_after, _G.spec_after_receiver = nil, nil
    end)

    describe("runs a function", function()
        it("with the values given, nils included", function()
            local got
            assert.is_true(after(function(...) got = { count = select("#", ...), ... } end, nil, "b", nil, nil))
            eventually(function() return got end)
            assert.same({ count = 4, [2] = "b" }, got)
            ends(since, { done = 1 })
        end)

        it("never at once, but in the background", function()
            local ran = false
            after(function() ran = ngx.get_phase() end)
            assert.is_false(ran)
            eventually(function() return ran end)
            assert.equal("timer", ran)
        end)

        it("from the log phase, several of one request, the oldest first", function()
            local order = {}
            _G.spec_after = function()
                for number = 1, 3 do
                    assert(after(function(...) order[#order + 1] = table.concat({ ... }, " ") end, number, ngx.var.arg_pond))
                end
            end
            http.get("/post_action_after/logged?pond=7")
            eventually(function() return #order == 3 end)
            assert.same({ "1 7", "2 7", "3 7" }, order)
        end)

        it("of a request that was redirected within nginx", function()
            local ran = 0
            _G.spec_after = function() after(function() ran = ran + 1 end) end
            http.get("/post_action_after/redirected")
            eventually(function() return ran == 1 end)
        end)

        it("from another action, or any timer", function()
            local ran = false
            after(function() assert(after(function() ran = true end)) end)
            eventually(function() return ran end)
            ends(since, { done = 2 })
        end)

        it("that fails: raises, or returns nil or false and why", function()
            local said = listen()
            after(function() error("oops") end)
            after(function() return nil, "no oxygen" end)
            after(function() return false, "neither" end)
            after(function() return nil end)
            after(function() return "fine", "thank you" end)
            after(function() error() end)
            ends(since, { done = 2, failed = 4 })
            assert.equal(1, #said)
            assert.matches("^post_action: action: action .*post_action/after_spec.lua:%d+: .*: oops$", said[1])
        end)
    end)

    describe("is refused", function()
        local function refused(why, ...)
            local before = count("dropped")
            local ok, err = after(...)
            assert.is_nil(ok)
            assert.equal(why, err)
            assert.equal(before + 1, count("dropped"))
        end

        it("in every phase in which the response is not complete", function()
            local answers = {}
            _G.spec_after = function(phase) answers[phase] = { after(function() end) } end
            assert.equal("ok\n", http.get("/post_action_after/phases").body)
            eventually(function() return answers.log end)
            assert.same({ true }, answers.log)
            for _, phase in ipairs({ "rewrite", "access", "content", "header_filter", "body_filter" }) do
                assert.is_nil(answers[phase][1])
                assert.equal("called in the phase " .. phase .. ", but the response is complete only in log_by_lua", answers[phase][2])
            end
        end)

        it("in the log phase of a subrequest", function()
            local answers = {}
            _G.spec_after = function() answers[#answers + 1] = { after(function() end) } end
            http.get("/post_action_after/outer")
            eventually(function() return #answers == 1 end)
            assert.same({ nil, "called for a subrequest, whose request is not complete" }, answers[1])
        end)

        it("when it is no action", function()
            refused("an action must be a function or a table")
            refused("an action must be a function or a table", "http://127.0.0.1/")
            refused('"url" or "host" must be there', {})
            refused('unknown option "uri"', { uri = "x" })
            refused('unknown option "1"', { "x" })
            refused('"url" must be a string', { url = 1 })
            refused('"url" has no http:// or https:// before a host', { url = "ftp://secret/" })
            refused('"headers" must be a table', { url = RECEIVER, headers = "X: y" })
            refused("header X has a control character in it", { url = RECEIVER, headers = { X = "secret\r\n" } })
            refused("a header name is not a token", { url = RECEIVER, headers = { "secret" } })
            refused('"total_seconds" must be a number from 0 up', { url = RECEIVER, total_seconds = 0 / 0 })
            refused('"total_seconds" must be a number from 0 up', { url = RECEIVER, total_seconds = math.huge })
            refused('"retries" must be a number from 0 up', { url = RECEIVER, retries = -1 })
            refused('"retries" must be a whole number from 0 to 10', { url = RECEIVER, retries = 1.5 })
            refused('"retries" must be a whole number from 0 to 10', { url = RECEIVER, retries = 11 })
            refused('"body" must be a string', { url = RECEIVER, body = { pond = 7 } })
        end)

        it("when too many wait", function()
            limit({ max_running = 2, max_waiting = 3 })
            local gate = hold()
            for _ = 1, 5 do assert.is_true(after(gate.action)) end
            refused("too many actions wait", gate.action)
            eventually(function() return gate.inside == 2 end)
            refused("too many actions wait", gate.action)
            assert.equal(3, waiting())
            assert.equal(2, running())
            gate.open = true
            ends(since, { done = 5, dropped = 2 })
            assert.is_true(after(gate.action))
            ends(since, { done = 6, dropped = 2 })
        end)

        it("when those that wait hold too much, and taken again later", function()
            limit({ max_bytes = 10 })
            assert.is_true(after(function() end, "12345", 1, "678"))
            refused("waiting actions hold too much", { url = RECEIVER, body = "abc" })
            refused("waiting actions hold too much", function() end, "abc")
            assert.is_true(after(function() end, "ab"))
            eventually(function() return running() + waiting() == 0 end)
            assert.is_true(after(function() end, "1234567890"))
            ends(since, { done = 3, dropped = 2 })
        end)

        it("by options that are wrong", function()
            local function wrong(sentence, options)
                local ok, err = pcall(limit, options)
                assert.is_false(ok)
                assert.equal(sentence, err)
            end
            wrong("post_action.limit_after must be a table, got nothing")
            wrong('post_action.limit_after: unknown option "max_runing"; did you mean "max_running"?', { max_runing = 1 })
            wrong('post_action.limit_after.max_running must be a whole number from 1 to 100, got 101', { max_running = 101 })
            wrong('post_action.limit_after.max_running must be a whole number from 1 to 100, got 0', { max_running = 0 })
            wrong('post_action.limit_after.max_waiting must be a whole number from 0 to 100000, got 100001', { max_waiting = 100001 })
            wrong('post_action.limit_after.max_bytes must be a whole number from 1 up, got 0', { max_bytes = 0 })
            wrong('post_action.limit_after.action_seconds must be a number above 0, got "1"', { action_seconds = "1" })
            wrong('post_action.limit_after.drain_seconds must be a number above 0, got 0', { drain_seconds = 0 })
            local ok, err = pcall(limit_after, {})
            assert.is_false(ok)
            assert.equal("post_action.limit_after: must be called in init_by_lua", err)
        end)
    end)

    describe("keeps its bounds", function()
        it("of actions that run at a time, in one timer", function()
            limit({ max_running = 3 })
            local timers = count_timers()
            local gate = hold()
            for _ = 1, 20 do after(gate.action) end
            eventually(function() return gate.inside == 3 end)
            assert.equal(17, waiting())
            gate.open = true
            ends(since, { done = 20 })
            assert.equal(3, gate.most)
            assert.equal(1, timers.number)
        end)

        it("of time: ends an action that takes too long, and gives its place away", function()
            limit({ max_running = 1, action_seconds = 1 })
            local said = listen()
            local ended = false
            after(function()
                ngx.sleep(30)
                ended = true
            end)
            after(function() end)
            ends(since, { failed = 1, done = 1 })
            assert.matches("it took over 1 s$", said[1])
            assert.is_false(ended)
        end)

        it("of time, whoever sets the clock meanwhile", function()
            local gate = hold()
            after(gate.action)
            eventually(function() return gate.inside == 1 end)
            local real = ngx.now
            for _, seconds in ipairs({ 1e8, -1e8 }) do
                local restore = replace(ngx, "now", function() return real() + seconds end)
                after(function() end)
                ngx.sleep(0.01)
                restore()
            end
            gate.open = true
            ends(since, { done = 3 })
        end)

        it("over several timers: a fresh one after a thousand actions", function()
            limit({ max_running = 2, max_waiting = 5000 })
            local timers = count_timers()
            local gate = hold()
            after(gate.action) -- keeps the first timer alive
            for _ = 1, 2500 do after(function() end) end
            eventually(function() return count("done") == since.done + 2500 end)
            assert.equal(1, running())
            gate.open = true
            ends(since, { done = 2501 })
            assert.equal(3, timers.number)
        end)

        it("when all places are held by the timer before", function()
            limit({ max_running = 2, max_waiting = 5000 })
            local timers = count_timers()
            local gate = hold()
            for _ = 1, 998 do after(function() end) end
            for _ = 1, 2 do after(gate.action) end
            local ran = 0
            for _ = 1, 5 do after(function() ran = ran + 1 end) end
            eventually(function() return timers.number == 2 end)
            ngx.sleep(0.05)
            assert.equal(0, ran)
            assert.equal(2, timers.number)
            gate.open = true
            ends(since, { done = 1005 })
        end)
    end)

    describe("gets over", function()
        it("a timer that never ran", function()
            local restore = replace(ngx.timer, "at", function() return true end)
            after(function() end)
            after(function() end)
            restore()
            ngx.sleep(1.1)
            after(function() end)
            ends(since, { done = 3 })
        end)

        it("that there is no timer to have", function()
            local restore = replace(ngx.timer, "at", function() return nil, "too many pending timers" end)
            assert.is_true(after(function() end))
            restore()
            after(function() end)
            ends(since, { done = 2 })
        end)

        it("an action that ends the whole timer", function()
            local watch
            replace(ngx.timer, "every", function(_, callback, pool)
                watch = function() callback(false, pool) end
                return true
            end)
            after(function() ngx.exit(200) end)
            after(function() end)
            eventually(function() return running() == 1 end)
            watch()
            assert.equal(1, running()) -- not given up yet
            local real = clock.now
            local restore = replace(clock, "now", function() return real() + 11 end)
            watch()
            restore()
            ends(since, { done = 1, failed = 1 })
        end)
    end)

    describe("at the exit of a worker", function()
        local exiting

        before_each(function()
            exiting = false
            replace(ngx.worker, "exiting", function() return exiting end)
        end)

        it("runs what waits", function()
            limit({ max_running = 1 })
            for _ = 1, 5 do after(ngx.sleep, 0.005) end
            exiting = true
            ends(since, { done = 5 })
            after(function() end) -- of an answer that ends while the worker drains
            ends(since, { done = 6 })
        end)

        it("drops what is left after drain_seconds, and says so", function()
            limit({ max_running = 1, drain_seconds = 0.1 })
            local said = listen()
            local gate = hold()
            exiting = true
            for _ = 1, 5 do after(gate.action) end
            ends(since, { dropped = 5 })
            assert.equal(1, #said)
            assert.matches("^post_action: action_exit", said[1])
        end)

        it("starts what waits without a timer", function()
            local fire
            replace(ngx.timer, "every", function(_, callback, pool)
                fire = function() callback(true, pool) end
                return true
            end)
            local restore = replace(ngx.timer, "at", function() return nil, "too many pending timers" end)
            after(function() end)
            restore()
            exiting = true
            fire()
            ends(since, { done = 1 })
        end)
    end)

    describe("sends a request", function()
        local requests, answer

        before_each(function()
            requests, answer = {}, function() return 200 end
            _G.spec_after_receiver = function()
                ngx.req.read_body()
                local number = #requests + 1
                requests[number] = { method = ngx.req.get_method(), headers = ngx.req.get_headers(), body = ngx.req.get_body_data() }
                ngx.status = answer(number)
                ngx.say(("x"):rep(100))
            end
        end)

        it("as the table says at the time of the call", function()
            local action = { url = RECEIVER, headers = { ["X-Pond"] = "7" }, body = '{"oxygen":6.4}' }
            assert.is_true(after(action))
            action.body, action.headers["X-Pond"] = "changed", "changed"
            ends(since, { done = 1 })
            assert.equal("POST", requests[1].method)
            assert.equal("7", requests[1].headers["x-pond"])
            assert.equal('{"oxygen":6.4}', requests[1].body)
            assert.is_nil(requests[1].headers["idempotency-key"])
            assert.is_nil(action.method)
        end)

        it("of any method, by parts, whose answer may be long", function()
            after({ host = "127.0.0.1", port = 18080, path = "/post_action_after/receiver", method = "DELETE", max_bytes = 10 })
            after({ url = RECEIVER, method = "PUT", body = "x" })
            ends(since, { done = 2 })
            local methods = { requests[1].method, requests[2].method }
            table.sort(methods)
            assert.same({ "DELETE", "PUT" }, methods)
        end)

        it("which fails with any status but 2xx, and is not sent again unless asked", function()
            for number, status in ipairs({ 301, 404, 503 }) do
                answer = function() return status end
                after({ url = RECEIVER })
                ends(since, { failed = number })
            end
            assert.equal(3, #requests)
        end)

        it("again where that may help, under one key", function()
            local said = listen()
            answer = function(number) return ({ 503, 429, 408, 200 })[number] end
            after({ url = RECEIVER .. "?token=secret", body = "x", retries = 3 })
            ends(since, { done = 1 })
            assert.equal(4, #requests)
            local key = requests[1].headers["idempotency-key"]
            assert.matches('^"%x+"$', key)
            assert.equal(34, #key)
            assert.equal(key, requests[4].headers["idempotency-key"])
            assert.is_nil(table.concat(said):find("secret", 1, true))
            assert.matches("^post_action: action_retry: action http://127.0.0.1: status 503$", said[1])
        end)

        it("under another key each, or the one given", function()
            after({ url = RECEIVER, retries = 1 })
            after({ url = RECEIVER, retries = 1 })
            after({ url = RECEIVER, retries = 1, headers = { ["idempotency-KEY"] = "mine" } })
            ends(since, { done = 3 })
            local keys = {}
            for _, request in ipairs(requests) do keys[request.headers["idempotency-key"]] = true end
            local found = 0
            for _ in pairs(keys) do found = found + 1 end
            assert.equal(3, found)
            assert.is_true(keys.mine)
        end)

        it("no more often than asked, and not at all where it cannot help", function()
            answer = function() return 503 end
            after({ url = RECEIVER, retries = 2 })
            ends(since, { failed = 1 })
            assert.equal(3, #requests)
            answer = function() return 404 end
            after({ url = RECEIVER, retries = 2 })
            ends(since, { failed = 2 })
            assert.equal(4, #requests)
            after({ url = "http://127.0.0.1:1/", retries = 2 })
            ends(since, { failed = 3 })
        end)

        it("no sooner than Retry-After says, but not after the action's time", function()
            limit({ action_seconds = 5 })
            answer = function(number)
                ngx.header["Retry-After"] = number == 1 and 1 or 9
                return 503
            end
            ngx.update_time()
            local began = ngx.now()
            after({ url = RECEIVER, retries = 5 })
            ends(since, { failed = 1 })
            assert.equal(2, #requests)
            assert.is_true(ngx.now() - began >= 0.99)
            assert.is_true(ngx.now() - began < 9)
        end)

        it("and waits no longer when the worker exits", function()
            local exiting = false
            replace(ngx.worker, "exiting", function() return exiting end)
            answer = function(number)
                ngx.header["Retry-After"] = 20
                return number == 1 and 503 or 200
            end
            after({ url = RECEIVER, retries = 1 })
            eventually(function() return #requests == 1 end)
            exiting = true
            ends(since, { done = 1 })
        end)
    end)
end)
