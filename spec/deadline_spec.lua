local cjson = require("cjson")
local deadline = require("resty.openclaw.deadline")
local eventually = require("spec.support.eventually")
local header = require("resty.openclaw.deadline.header")
local http = require("spec.support.http")
local reader = require("spec.support.exposition")
local tiers = require("spec.support.tiers")

local PORT = 18210
local NODES = { 18211, 18212 }

local function get(path, text)
    return http.get_from(PORT, path, { ["X-OpenClaw-Deadline"] = text })
end

--- Who has so many seconds, as a client says it whose clock is an hour ahead.
local function seconds(count)
    return header.write(ngx.now() + 3600, count)
end

local function assert_error(answer, status, code)
    assert.equal(status, answer.status)
    assert.equal(code, cjson.decode(answer.body).error.code)
end

--- How long a node was told that it has, and when.
local function told(seen)
    local values = tiers.headers(seen or tiers.seen[1], "X-OpenClaw-Deadline")
    assert.equal(1, #values)
    local over_at, sent = values[1]:match("^(%d+%.%d%d%d);sent=(%d+%.%d%d%d)$")
    return over_at - sent, tonumber(sent)
end

local function figure(name)
    return tonumber(reader.parse(http.get_from(PORT, "/metrics").body)[name] or 0)
end

local function sleep(count)
    return function()
        ngx.sleep(count)
        ngx.say("late")
    end
end

--- As long as no spec waits.
local function hang()
    for _, port in ipairs(NODES) do tiers.behave[port] = sleep(2) end
end

--- Sends a POST whose body comes after so many seconds.
local function post_slowly(path, body, text, pause)
    local sock = ngx.socket.tcp()
    sock:settimeouts(10000, 10000, 10000)
    assert(sock:connect("127.0.0.1", PORT))
    assert(sock:send(("POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-OpenClaw-Deadline: %s\r\nContent-Length: %d\r\n\r\n"):format(path, text, #body)))
    assert(sock:send(body:sub(1, 10)))
    ngx.sleep(pause)
    sock:send(body:sub(11))
    local answer = assert(sock:receive("*a"))
    sock:close()
    return { status = tonumber(answer:match("^HTTP/%S+ (%d+)")), body = answer:match("\r\n\r\n(.*)$") }
end

describe("deadline", function()
    before_each(tiers.reset)

    it("refuses options that are none", function()
        local function refused(sentence, options)
            assert.same({ false, sentence }, { pcall(deadline.new, options) })
        end
        refused('deadline must be a table, got 5', 5)
        refused('deadline: unknown option "second"; did you mean "seconds"?', { second = 5 })
        for _, name in ipairs({ "seconds", "most_seconds", "connect_seconds", "send_seconds", "read_seconds" }) do
            for _, value in ipairs({ 0, -1, "5", true, 0 / 0, math.huge }) do
                assert.truthy(select(2, pcall(deadline.new, { [name] = value })):find('deadline.' .. name .. ' must be a number above 0', 1, true))
            end
        end
        refused('deadline.skew_seconds must be a number from 0 up, got -1', { skew_seconds = -1 })
        refused('deadline.seconds must be at most most_seconds (10), got 20', { seconds = 20, most_seconds = 10 })
        assert.equal(0, deadline.new({ skew_seconds = 0 }).skew_seconds)
        assert.equal(300, deadline.new().seconds)
    end)

    describe("of a request", function()
        it("that says nothing is the route's", function()
            assert.equal(200, get("/?route=bounded").status)
            local left, sent = told()
            assert.is_true(left <= 60 and left > 50)
            assert.is_true(math.abs(sent - ngx.now()) < 10)
        end)

        it("is what the client says, whatever its clock", function()
            for _, clock in ipairs({ -3600, 0, 3600, -ngx.now() + 100 }) do
                tiers.reset()
                assert.equal(200, get("/?route=bounded", header.write(ngx.now() + clock, 20)).status)
                local left, sent = told()
                assert.is_true(left <= 20.001 and left > 10)
                assert.is_true(math.abs(sent - ngx.now()) < 10)
            end
        end)

        it("is bounded by what the route allows", function()
            get("/?route=bounded", seconds(1000000))
            get("/?route=bounded", "9999999999")
            get("/?route=bounded", "9999999999;sent=0")
            assert.equal(3, #tiers.seen)
            for _, seen in ipairs(tiers.seen) do
                local left = told(seen)
                assert.is_true(left <= 120 and left > 100)
            end
        end)

        it("is held against the own clock, with a tolerance, where the client says none", function()
            assert.equal(200, get("/?route=bounded", ("%.3f"):format(ngx.now() - 1)).status)
            assert.equal(200, get("/?route=bounded", ("%d"):format(ngx.now() + 30)).status)
            assert.is_true(told(tiers.seen[1]) <= 1)
            assert.is_true(told(tiers.seen[2]) <= 32)
            assert_error(get("/?route=bounded", ("%.3f"):format(ngx.now() - 3)), 504, "deadline_exceeded")
            assert_error(get("/?route=exact", ("%.3f"):format(ngx.now() - 0.01)), 504, "deadline_exceeded")
            assert.equal(2, #tiers.seen)
        end)

        it("that has passed costs no node anything", function()
            local before = figure('openclaw_deadline_exceeded_total{route="bounded",stage="arrival"}')
            for _, text in ipairs({ seconds(0), "5;sent=6", "0;sent=9999999999", "0" }) do
                assert_error(get("/?route=bounded", text), 504, "deadline_exceeded")
            end
            assert.same({}, tiers.seen)
            assert.equal(before + 4, figure('openclaw_deadline_exceeded_total{route="bounded",stage="arrival"}'))
        end)

        it("that is malformed is refused", function()
            local before = figure('openclaw_deadline_malformed_total{route="bounded"}')
            for _, text in ipairs({ "", "soon", "nan", "inf", "-1", "1e9", "0x5", "1763842316000", ("9"):rep(3000), "5; sent=4", "5;sent=nan", "5;sent=4;sent=3" }) do
                assert_error(get("/?route=bounded", text), 400, "bad_deadline")
            end
            assert.same({}, tiers.seen)
            assert.equal(before + 12, figure('openclaw_deadline_malformed_total{route="bounded"}'))
        end)

        it("that comes twice is one for the node, or refused", function()
            local answer = http.raw("GET /?route=bounded HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-OpenClaw-Deadline: " .. seconds(20) .. "\r\nX-OpenClaw-Deadline: " .. seconds(90) .. "\r\n\r\n", PORT)
            if answer.status == 400 then -- nginx since 1.23 has one text of both
                assert_error(answer, 400, "bad_deadline")
            else
                assert.is_true(told() <= 20.001)
            end
        end)

        it("is nothing to a route that knows none", function()
            assert.equal(200, get("/?route=unaware", "nonsense").status)
            assert.same({ "nonsense" }, tiers.headers(tiers.seen[1], "X-OpenClaw-Deadline"))
        end)
    end)

    describe("while a node is asked", function()
        it("ends the wait for it", function()
            for _, port in ipairs(NODES) do tiers.behave[port] = sleep(30) end
            local started = ngx.now()
            assert_error(get("/?route=bounded", seconds(0.3)), 504, "deadline_exceeded")
            ngx.update_time()
            assert.is_true(ngx.now() - started >= 0.29)
            assert.is_true(ngx.now() - started < 29)
        end)

        it("begins no further try when it has passed", function()
            hang()
            assert_error(get("/retried?route=bounded", seconds(0.3)), 504, "deadline_exceeded")
            assert.equal(1, #tiers.seen)
            assert.equal(0, figure('openclaw_faults_total{plugin="deadline",kind="set_timeouts"}'))
        end)

        it("does not blame a node that had too little time", function()
            local series = 'openclaw_node_answers_total{node="127.0.0.1:%d",outcome="%s"}'
            local function answers(outcome)
                return figure(series:format(NODES[1], outcome)) + figure(series:format(NODES[2], outcome))
            end
            local failed, neutral = answers("failed"), answers("neutral")
            hang()
            -- On a busy machine the time of some is over before a node is asked.
            eventually(function()
                get("/?route=bounded", seconds(0.3))
                return answers("neutral") >= neutral + 4
            end, "four that say nothing")
            assert.equal(failed, answers("failed"))
            assert_error(get("/?route=hasty"), 504, "deadline_exceeded")
            eventually(function() return answers("failed") == failed + 1 end, "one that failed")
        end)

        it("blames the node of the first try all the same", function()
            local series = 'openclaw_node_answers_total{node="127.0.0.1:%d",outcome="failed"}'
            local before = figure(series:format(NODES[1])) + figure(series:format(NODES[2]))
            for _, port in ipairs(NODES) do
                tiers.behave[port] = function()
                    if #tiers.seen > 1 then return ngx.sleep(2) end
                    ngx.sleep(0.7)
                    ngx.exit(504)
                end
            end
            assert_error(get("/retried?route=hasty"), 504, "deadline_exceeded")
            assert.equal(2, #tiers.seen)
            eventually(function() return figure(series:format(NODES[1])) + figure(series:format(NODES[2])) > before end, "a failure")
            assert.equal(before + 1, figure(series:format(NODES[1])) + figure(series:format(NODES[2])))
        end)

        it("leaves a failure of another kind what it is", function()
            for _, port in ipairs(NODES) do
                tiers.behave[port] = function() ngx.exit(444) end
            end
            assert_error(get("/?route=bounded", seconds(20)), 502, "bad_gateway")
        end)

        it("tells a second node what is left then", function()
            local began
            for _, port in ipairs(NODES) do
                tiers.behave[port] = function()
                    if #tiers.seen > 1 then return ngx.say("answer") end
                    ngx.sleep(0.2)
                    ngx.exit(503)
                end
            end
            began = seconds(20)
            assert.equal(200, get("/retried?route=bounded", began).status)
            assert.equal(2, #tiers.seen)
            local first, sent_first = told(tiers.seen[1])
            local second, sent_second = told(tiers.seen[2])
            assert.is_true(first - second >= 0.19)
            assert.is_true(sent_second - sent_first >= 0.19)
        end)

        it("goes on with an answer that has begun", function()
            for _, port in ipairs(NODES) do
                tiers.behave[port] = function()
                    -- nginx puts a timer off only where that makes 0.3 s.
                    for _ = 1, 12 do
                        ngx.print("piece ")
                        ngx.flush(true)
                        ngx.sleep(0.1)
                    end
                end
            end
            local answer = get("/?route=bounded", seconds(0.8))
            assert.equal(200, answer.status)
            assert.equal(("piece "):rep(12), answer.body)
        end)
    end)

    describe("while the body comes", function()
        local bodies = { small = ("0123456789"):rep(10), in_file = ("0123456789"):rep(100000) }

        for name, body in pairs(bodies) do
            for _, path in ipairs({ "/", "/at_once" }) do
                it("is told as it is when the node is asked: " .. name .. ", " .. path, function()
                    assert.equal(200, post_slowly(path .. "?route=bounded", body, seconds(20), 0.2).status)
                    assert.equal(1, #tiers.seen)
                    assert.is_true(tiers.seen[1].body == body)
                    local left = told()
                    assert.is_true(left <= (path == "/" and 19.81 or 20.001))
                end)
            end
        end

        it("is the same body for the second node", function()
            for _, port in ipairs(NODES) do
                tiers.behave[port] = function()
                    if #tiers.seen > 1 then return ngx.say("answer") end
                    ngx.sleep(0.05)
                    ngx.exit(503)
                end
            end
            for _, body in pairs(bodies) do
                tiers.seen = {}
                assert.equal(200, post_slowly("/retried?route=bounded", body, seconds(20), 0.05).status)
                assert.equal(2, #tiers.seen)
                assert.is_true(tiers.seen[1].body == body and tiers.seen[2].body == body)
            end
        end)

        it("may pass: no node is asked", function()
            local before = figure('openclaw_deadline_exceeded_total{route="bounded",stage="try"}')
            assert_error(post_slowly("/?route=bounded", bodies.small, seconds(0.1), 0.3), 504, "deadline_exceeded")
            assert.same({}, tiers.seen)
            assert.equal(before + 1, figure('openclaw_deadline_exceeded_total{route="bounded",stage="try"}'))
        end)
    end)

    it("lets a stale copy be the answer", function()
        local path = "/cached/" .. ngx.now() .. "?route=bounded"
        assert.equal("MISS", get(path, seconds(20)).header("X-Cache-Status"))
        hang()
        local answer = eventually(function()
            local one = get(path, seconds(0.2))
            return one.header("X-Cache-Status") ~= "HIT" and one
        end, "the copy is old")
        assert.equal(200, answer.status)
        assert.equal("STALE", answer.header("X-Cache-Status"))
    end)

    it("goes on through an internal redirect", function()
        assert.equal(200, get("/redirected?route=first&second=second", seconds(20)).status)
        local left = told()
        assert.is_true(left <= 20.001 and left > 10)
        tiers.reset()
        for _, port in ipairs(NODES) do
            tiers.behave[port] = function()
                if #tiers.seen > 1 then return ngx.say("answer") end
                ngx.sleep(0.2)
                ngx.exit(444)
            end
        end
        assert.equal(200, get("/redirected?route=second&second=second", seconds(20)).status)
        assert.is_true(told(tiers.seen[2]) <= 19.81)
    end)
end)

describe("the phases around the choice of a node", function()
    before_each(tiers.reset)

    local function tries()
        local samples = reader.parse(http.get_from(PORT, "/metrics").body)
        local count = 0
        for _, port in ipairs(NODES) do
            count = count + (samples[('openclaw_upstream_tries_total{upstream="tiers",node="127.0.0.1:%d"}'):format(port)] or 0)
        end
        return count
    end

    it("come before and after it, in the plugins' order", function()
        assert.equal(200, get("/?route=judged_twice").status)
        assert.same({ "before first judged_twice", "before second judged_twice", "at first judged_twice", "at second judged_twice" }, tiers.heard)
        tiers.reset()
        assert.equal(200, get("/?route=judged").status)
        assert.same({ "before first judged", "at first judged" }, tiers.heard)
    end)

    it("come for each try", function()
        for _, port in ipairs(NODES) do
            tiers.behave[port] = function() ngx.exit(#tiers.seen == 1 and 503 or 200) end
        end
        assert.equal(200, get("/retried?route=judged").status)
        assert.same({ "before first judged", "at first judged", "before first judged", "at first judged" }, tiers.heard)
    end)

    it("have no node asked once a plugin says false", function()
        local before = tries()
        tiers.judgement.first = false
        for _, route in ipairs({ "judged", "judged_twice" }) do
            tiers.heard = {}
            assert_error(get("/?route=" .. route), 502, "bad_gateway")
            assert.same({ "before first " .. route }, tiers.heard)
        end
        tiers.judgement = { second = false }
        assert_error(get("/?route=judged_twice"), 502, "bad_gateway")
        assert.same({}, tiers.seen)
        assert.equal(before, tries())
    end)

    it("go on with all that is not false", function()
        for _, judgement in ipairs({ true, 0, "" }) do
            tiers.judgement = { first = judgement }
            assert.equal(200, get("/?route=judged").status)
        end
    end)

    it("know when no node was chosen", function()
        local first = stub(require("resty.openclaw.balancer.tries"), "first").returns(nil)
        local answer = get("/?route=judged_full")
        first:revert()
        assert.equal(503, answer.status)
        assert.same({ "before first judged_full" }, tiers.heard)
    end)
end)
