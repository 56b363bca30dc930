local shared_memory = require("resty.openclaw.shared_memory")

describe("shared_memory", function()
    local region = shared_memory.open("openclaw")

    it("gives a name its slot once", function()
        local slot = assert(shared_memory.slot(region, "test once"))
        assert.equal(slot, shared_memory.slot(region, "test once"))
        assert.not_equal(slot, shared_memory.slot(region, "test other"))
    end)

    it("sums what was added", function()
        local slot = assert(shared_memory.slot(region, "test sum"))
        shared_memory.add(region, slot, 2)
        shared_memory.add(region, slot, 0.5)
        assert.equal(2.5, shared_memory.total(region, slot))
    end)
end)
