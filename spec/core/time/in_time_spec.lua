local in_time = require("resty.openclaw.core.time.in_time")

describe("core.time.in_time", function()
    it("ends what takes too long", function()
        local job = {}
        assert.same({ nil, "not done in time" }, { in_time.run(0.005, function(its)
            ngx.sleep(1)
            its.is_done = true
        end, job) })
        assert.is_nil(job.is_done)
    end)
end)
