local in_time = require("resty.openclaw.redis_client.in_time")

describe("redis_client.in_time", function()
    it("ends what takes too long", function()
        local job = {}
        assert.same({ nil, "not done in time" }, { in_time.run(0.005, function(its)
            ngx.sleep(1)
            its.is_done = true
        end, job) })
        assert.is_nil(job.is_done)
    end)

    it("does not give up what was done while the worker was busy", function()
        local result
        local thread = ngx.thread.spawn(function() result = in_time.run(0.005, function() ngx.sleep(0.002) end, {}) end)
        local ends = os.clock() + 0.03
        while os.clock() < ends do end
        -- The work and the time are over in the same round of events.
        ngx.thread.wait(thread)
        assert.is_true(result)
    end)
end)
