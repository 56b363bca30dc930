local failover = require("resty.openclaw.balancer.failover")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local nodes = require("spec.support.nodes")
local semaphore = require("ngx.semaphore")
local tries = require("spec.support.tries")

local function between(least, most, seconds)
    assert.is_true(seconds >= least and seconds < most, ("%.3f is not between %g and %g"):format(seconds, least, most))
end

--- Answers with this status after so many seconds.
local function answers(status, seconds)
    return function()
        ngx.sleep(seconds or 0)
        ngx.status = status
        ngx.say("answer")
    end
end

describe("the figures of tries", function()
    before_each(function()
        nodes.reset()
        for _, upstream in pairs(spec_balancers) do
            for _, peer in ipairs(upstream.pool.peers) do outlier_detection.reset(peer.record) end
        end
    end)

    it("tell how a node answered, and how long that took", function()
        for status, class in pairs({ [200] = "2xx", [204] = "2xx", [302] = "3xx", [404] = "4xx", [500] = "5xx", [503] = "5xx" }) do
            nodes.behave[18101] = answers(status, 0.05)
            local grown, seconds = tries.growth("single", function() http.get("/balanced/single") end)
            assert.same({ ["18101 sent"] = 1, ["18101 " .. class] = 1, ["18101 count"] = 1 }, grown)
            between(0.045, 5, seconds[18101])
        end
    end)

    it("have every try of a request that was retried, by what its own node said and took", function()
        local statuses, pauses, order = { 500, 503, 200 }, { 0.15, 0.05, 0.1 }, {}
        for port = 18101, 18103 do
            nodes.behave[port] = function()
                order[#order + 1] = port
                answers(statuses[#order], pauses[#order])()
            end
        end
        local grown, seconds = tries.growth("round_robin", function()
            assert.equal(200, http.get("/balanced/round_robin").status)
        end)
        assert.equal(3, #order)
        local expected = {}
        for place, class in ipairs({ "5xx", "5xx", "2xx" }) do
            for _, kind in ipairs({ "sent", class, "count" }) do expected[order[place] .. " " .. kind] = 1 end
        end
        assert.same(expected, grown)
        between(0.145, 5, seconds[order[1]])
        between(0.045, 0.14, seconds[order[2]])
        between(0.095, 5, seconds[order[3]])
    end)

    it("have tries that reached nobody, and those that timed out", function()
        local grown = tries.growth("all_dead", function() http.get("/balanced/all_dead") end)
        assert.same({
            ["1 sent"] = 1, ["1 5xx"] = 1, ["1 count"] = 1, ["2 sent"] = 1, ["2 5xx"] = 1, ["2 count"] = 1,
        }, grown)
        nodes.behave[18101] = function() ngx.sleep(1) end
        local seconds
        grown, seconds = tries.growth("single", function() http.get("/balanced/single") end)
        assert.same({ ["18101 sent"] = 1, ["18101 5xx"] = 1, ["18101 count"] = 1 }, grown)
        between(0.49, 5, seconds[18101])
    end)

    it("count a node that is asked again on a new connection twice", function()
        assert.equal(200, http.get("/balanced/single").status)
        local closed = 0
        nodes.behave[18101] = function()
            if closed == 0 then
                closed = 1
                ngx.exit(444)
            end
            ngx.say("here again")
        end
        local grown = tries.growth("single", function() assert.equal(200, http.get("/balanced/single").status) end)
        assert.same({ ["18101 sent"] = 2, ["18101 5xx"] = 1, ["18101 2xx"] = 1, ["18101 count"] = 2 }, grown)
    end)

    it("have the tries at an upstream and at its fallback, each for itself", function()
        for field = 0, failover.SLOTS - 1 do spec_balancers.falling_back.failover[field] = 0 end
        for port = 18101, 18103 do nodes.behave[port] = answers(500) end
        local light
        local grown = tries.growth("falling_back", function()
            light = tries.growth("light", function()
                assert.equal(200, http.post("/retried/falling_back", "image").status)
            end)
        end)
        assert.same({ ["18104 sent"] = 1, ["18104 2xx"] = 1, ["18104 count"] = 1 }, light)
        for port = 18101, 18103 do assert.equal(1, grown[port .. " 5xx"]) end
        assert.is_nil(grown["18101 2xx"])
    end)

    it("follow a request that is redirected to another upstream", function()
        nodes.behave[18102] = function(count)
            if count % 2 == 1 then ngx.exit(500) end
            ngx.say("ok")
        end
        local second
        local first = tries.growth("one_dead", function()
            second = tries.growth("round_robin", function()
                for _ = 1, 6 do http.get("/balanced_redirected") end
            end)
        end)
        assert.is_true(first["1 5xx"] >= 1 and first["18102 sent"] >= 1)
        assert.equal(first["1 5xx"], first["1 count"])
        -- What one upstream's try came to is not counted at the other.
        local redirected = 0
        for port = 18101, 18103 do redirected = redirected + (second[port .. " sent"] or 0) end
        assert.equal(first["18102 5xx"], redirected)
    end)

    it("judge a try by its own node, whatever other passes came to", function()
        nodes.behave[18101] = function(count) answers(count == 1 and 500 or 200, count == 1 and 0.1 or 0)() end
        nodes.behave[18102] = function(count) answers(count == 1 and 503 or 200)() end
        local second
        local first, seconds = tries.growth("single", function()
            second = tries.growth("round_robin", function()
                assert.equal(200, http.get("/balanced_and_back").status)
            end)
        end)
        assert.same({ ["18101 sent"] = 1, ["18101 5xx"] = 1, ["18101 count"] = 1 }, first)
        between(0.095, 5, seconds[18101])
        local good = 0
        for port = 18101, 18103 do good = good + (second[port .. " 2xx"] or 0) end
        assert.equal(1, good)
    end)

    it("have what nginx says of a client that left", function()
        nodes.behave[18101] = function() ngx.sleep(0.3) ngx.say("too late") end
        local grown = tries.growth("single", function()
            local sock = ngx.socket.tcp()
            assert(sock:connect(http.host, http.port))
            assert(sock:send("GET /balanced/single HTTP/1.1\r\nHost: gateway\r\n\r\n"))
            eventually(function() return nodes.count(18101) == 1 end)
            sock:close()
        end)
        assert.equal(1, (grown["18101 other"] or 0) + (grown["18101 4xx"] or 0))
        local release = assert(semaphore.new())
        nodes.behave[18101] = function()
            ngx.print("half of it")
            ngx.flush(true)
            release:wait(5)
        end
        grown = tries.growth("single", function()
            local sock = ngx.socket.tcp()
            assert(sock:connect(http.host, http.port))
            assert(sock:send("GET /retried/single HTTP/1.1\r\nHost: gateway\r\n\r\n"))
            assert(sock:receive("*l"))
            sock:close()
        end)
        release:post()
        assert.equal(1, grown["18101 2xx"])
    end)

    it("count nothing of what nginx or the cache answered", function()
        for field = 0, failover.SLOTS - 1 do spec_balancers.falling_back.failover[field] = 0 end
        local grown = tries.growth("falling_back", function() http.post("/degraded_cached/figures", "image") end)
        assert.is_truthy(next(grown))
        grown = tries.growth("falling_back", function()
            assert.equal("HIT", http.post("/degraded_cached/figures", "image").header("X-Cache-Status"))
        end)
        assert.same({}, grown)
        assert.same({}, (tries.growth("single", function() http.get("/balanced_by_nginx") end)))
    end)

    it("add up: no try is counted twice or never", function()
        nodes.behave[18101] = function(count) if count % 3 == 0 then ngx.exit(500) end ngx.say("ok") end
        nodes.behave[18103] = function(count) if count % 4 == 0 then ngx.exit(444) end ngx.say("ok") end
        local grown = tries.growth("least_conn", function()
            local threads = {}
            for number = 1, 40 do threads[number] = ngx.thread.spawn(http.get, "/balanced/least_conn") end
            for _, thread in ipairs(threads) do ngx.thread.wait(thread) end
        end)
        for port = 18101, 18103 do
            assert.equal(nodes.count(port), grown[port .. " sent"])
            assert.equal(nodes.count(port), (grown[port .. " 2xx"] or 0) + (grown[port .. " 5xx"] or 0))
            assert.equal(nodes.count(port), grown[port .. " count"])
        end
    end)
end)
