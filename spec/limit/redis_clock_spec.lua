local clock = require("resty.openclaw.core.time.clock")
local redis_clock = require("resty.openclaw.limit.redis_clock")

describe("limit.redis_clock", function()
    local now, dict = clock.now, ngx.shared.openclaw_limit
    local moment, number = 1000, 0
    local key

    before_each(function()
        moment, number = 1000, number + 1
        key = "redis_clock_spec " .. number
        clock.now = function() return moment end
    end)
    after_each(function() clock.now = now end)

    --- Learns that Redis' clock was so far ahead when it said so, some seconds ago.
    local function learn(of, ahead, seconds_ago) return redis_clock.learn(of, moment - (seconds_ago or 0) + ahead) end

    it("is one for all workers", function()
        local one, other = redis_clock.new(dict, key), redis_clock.new(dict, key)
        assert.equal(0, redis_clock.ahead(one))
        assert.equal(500, learn(one, 500))
        assert.equal(500, redis_clock.ahead(other))
    end)

    it("does not take slow replies for a clock that goes back", function()
        local one = redis_clock.new(dict, key)
        learn(one, 500)
        for _ = 1, 100 do
            moment = moment + 0.5
            assert.equal(500, learn(one, 500, moment % 1 == 0 and 0.0015 or 0.5))
        end
        -- A worker that has just started knows nothing better.
        assert.equal(500, learn(redis_clock.new(dict, key), 500, 0.7))
    end)

    it("follows a clock that is slower, faster or set", function()
        local one = redis_clock.new(dict, key)
        learn(one, 500)
        assert.near(500.01, learn(one, 500.01), 1e-9)
        for _ = 1, 25 do
            moment = moment + 1
            learn(one, 499.9)
        end
        assert.near(499.9, redis_clock.ahead(one), 1e-9)
        assert.near(3600, learn(one, 3600), 1e-9)
        assert.near(-3600, learn(one, -3600), 1e-9)
        assert.near(-3600, learn(one, -3600, 0.9), 1e-9)
    end)
end)
