local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local eventually = require("spec.support.eventually")
local http = require("spec.support.http")
local nodes = require("spec.support.nodes")
local tries = require("spec.support.tries")

--- Sends a POST whose body comes so many seconds after its header.
local function post_slowly(path, seconds)
    local sock = ngx.socket.tcp()
    assert(sock:connect(http.host, http.port))
    assert(sock:send("POST " .. path .. " HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nContent-Length: 5\r\n\r\nim"))
    ngx.sleep(seconds)
    assert(sock:send("age"))
    local answer = assert(sock:receive("*a"))
    sock:close()
    return answer:match("^HTTP/1.1 (%d+)"), answer:match("X%-Queue%-Seconds: ([^\r]*)")
end

describe("the wait for the first try", function()
    before_each(function()
        nodes.reset()
        for _, upstream in pairs(spec_balancers) do
            for _, peer in ipairs(upstream.pool.peers) do outlier_detection.reset(peer.record) end
        end
    end)

    it("lasts from the first byte of the request, and is said on it", function()
        local count, sum = tries.waits("single")
        local status, said = post_slowly("/queued/single", 1)
        assert.equal("200", status)
        local count_after, sum_after = tries.waits("single")
        assert.equal(count + 1, count_after)
        -- This worker takes the connection when it comes to it.
        assert.is_true(sum_after - sum >= 0.5 and sum_after - sum < 30, tostring(sum_after - sum))
        assert.equal(("%.3f"):format(sum_after - sum), said)
    end)

    it("is not said where there was none", function()
        local said = "first"
        -- Now and then the machine itself makes a request wait.
        eventually(function()
            said = http.get("/queued/single").header("X-Queue-Seconds")
            return said == nil
        end)
    end)

    it("is counted once, however many tries there are", function()
        for port = 18101, 18103 do nodes.behave[port] = function() ngx.exit(500) end end
        local count = tries.waits("round_robin")
        assert.equal(500, http.get("/queued/round_robin").status)
        assert.equal(3, nodes.count(18101) + nodes.count(18102) + nodes.count(18103))
        assert.equal(count + 1, (tries.waits("round_robin")))
    end)

    it("is counted at the first upstream of a request that is redirected", function()
        nodes.behave[18102] = function(seen) if seen == 1 then ngx.exit(500) end ngx.say("ok") end
        local first, second = tries.waits("one_dead"), tries.waits("round_robin")
        assert.equal(200, http.get("/queued_redirected").status)
        assert.same({ first + 1, second }, { (tries.waits("one_dead")), (tries.waits("round_robin")) })
    end)

    it("is that of the upstream which was asked, when its fallback answers", function()
        local failover = require("resty.openclaw.balancer.failover")
        for field = 0, failover.SLOTS - 1 do spec_balancers.falling_back.failover[field] = 0 end
        for port = 18101, 18103 do nodes.behave[port] = function() ngx.exit(500) end end
        local count, light = tries.waits("falling_back"), tries.waits("light")
        assert.equal(200, http.post("/retried/falling_back", "image").status)
        assert.same({ count + 1, light }, { (tries.waits("falling_back")), (tries.waits("light")) })
    end)

    it("is not counted for who came to no node", function()
        local count = tries.waits("all_draining")
        assert.is_true(http.get("/queued/all_draining").status >= 500)
        assert.equal(count, (tries.waits("all_draining")))
    end)
end)
