local thread_pools = require("resty.openclaw.core.process.thread_pool")

describe("a thread pool", function()
    it("is there if nginx.conf has it", function()
        assert.is_true(thread_pools.is_there("spec_files"))
        assert.is_false(thread_pools.is_there("spec_files2"))
        assert.is_false(thread_pools.is_there(""))
    end)

    it("has room in its queue as long as nobody gives it more than it takes", function()
        assert.is_true(thread_pools.has_room("spec_files"))
        assert.is_true(thread_pools.has_room("none_such"))
    end)
end)
