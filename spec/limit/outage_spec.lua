local options = require("resty.openclaw.limit.redis_options")
local outages = require("resty.openclaw.limit.outage")

local function place(given)
    local values = options.KIND.read(given, "spec.redis", {})
    return values
end

describe("limit.outage", function()
    it("says where Redis is, whose requests it does not count, and what happens to them at each limit", function()
        local outage = outages.new(place({ host = "10.0.2.5", password = "secret" }), "analyze", {
            { name = "tenant", on_error = "local" },
            { name = "client", on_error = "open" },
            { name = "route", on_error = "closed" },
            { name = "trial", on_error = "closed", is_dry_run = true },
        })
        assert.equal('Redis at 10.0.2.5:6379 does not count requests of the route "analyze": timeout; meanwhile '
            .. 'each gateway applies its part of the limit "tenant" (on_error = "local"), '
            .. 'the limit "client" accepts all requests (on_error = "open"), '
            .. 'the limit "route" rejects all requests with 503 (on_error = "closed"), '
            .. 'the limit "trial" accepts all requests (dry_run = true)', outages.sentence(outage, "timeout", 1))
        assert.equal("Redis at 10.0.2.5:6379 replies again, and counts requests", outages.last_sentence(outage))
    end)

    it("names no route where there is no gateway, and how many routes use one Redis", function()
        local outage = outages.new(place({ hosts = { "a:1", "b:2" } }), "", { { name = "client", on_error = "open" } })
        assert.equal('Redis at a:1, b:2 (3 routes use it) does not count requests: timeout; meanwhile the limit "client" accepts all requests (on_error = "open")',
            outages.sentence(outage, "timeout", 3))
        assert.equal("unix:/run/redis.sock", outages.new(place({ path = "/run/redis.sock" }), "", {}).address)
    end)
end)
