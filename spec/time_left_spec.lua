local clock = require("resty.openclaw.clock")
local request = require("resty.openclaw.request")
local time_left = require("resty.openclaw.time_left")
local within = require("spec.support.within")

--- Stands in for another request, at a place in memory.
local function as(key, started, work)
    local of_key = stub(request, "key").returns(key)
    local of_start = stub(request, "started").returns(started)
    local ok, result = pcall(work)
    of_key:revert()
    of_start:revert()
    assert(ok, result)
    return result
end

describe("time_left", function()
    it("is nothing without a limit", function()
        assert.equal("nil", within.request(time_left.seconds))
    end)

    it("counts down from the limit, to below 0", function()
        local now = stub(clock, "now").returns(100)
        local left = as(1, 5, function()
            time_left.limit(2)
            now.returns(101.5)
            local before = time_left.seconds()
            now.returns(103)
            return { before, time_left.seconds() }
        end)
        now:revert()
        assert.same({ 0.5, -1 }, left)
    end)

    it("tells a request from one that was at the same place before", function()
        as(1, 5, function() time_left.limit(60) end)
        assert.is_nil(as(1, 6, time_left.seconds))
        assert.is_nil(as(2, 5, time_left.seconds))
        assert.is_true(as(1, 5, time_left.seconds) > 50)
    end)

    it("forgets", function()
        as(1, 5, function() time_left.limit(60) time_left.forget() end)
        assert.is_nil(as(1, 5, time_left.seconds))
    end)

    it("knows when a real request began", function()
        assert.equal("true", within.request(function()
            local started = request.started()
            return math.abs(started - ngx.req.start_time()) < 0.0001 and started > 0
        end))
        assert.equal(0, request.started() > 0 and request.seconds_taken() or 0)
    end)
end)
