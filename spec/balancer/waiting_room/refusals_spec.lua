-- luacheck: globals ngx
local capacities = require("resty.openclaw.balancer.waiting_room.capacity")
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local refusals_of = require("resty.openclaw.balancer.waiting_room.refusals")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local CLASSES = {
    { name = "standard", weight = 1, size = 20, wait_seconds = 60 },
    { name = "vip", weight = 8, size = 10, wait_seconds = 60 },
}
local WARN, INFO = "warn", "info"

describe("the refusals of a queue", function()
    local log, lines = ngx.log, nil
    local made = 0
    local worker, other, vip, standard

    before_each(function()
        lines = {}
        ngx.log = function(level, ...)
            lines[#lines + 1] = { level == ngx.WARN and WARN or level == ngx.INFO and INFO or level, table.concat({ ... }) }
        end
        made = made + 1
        local region = shared_memory.open("no dict for refusals " .. made, 2)
        local function start()
            local places = places_of.new(region, "cluster", CLASSES, function() end)
            local capacity = capacities.new(region, "cluster", { concurrency = 4 })
            return refusals_of.new("cluster", places, capacity)
        end
        worker, other = start(), start()
        standard, vip = worker.places.classes[1], worker.places.classes[2]
    end)
    after_each(function() ngx.log = log end)

    it("are in the log when they begin, and when there was none for a minute", function()
        for second = 1000, 1100 do
            refusals_of.note(worker, vip, "full", second)
            refusals_of.tick(worker, second)
        end
        local begin = 'balancer: upstream "cluster": requests of class "vip" are refused now (full): 0 of 10 requests wait, 0 of 4 places are taken'
        assert.same({ { WARN, begin } }, lines)
        refusals_of.tick(worker, 1160)
        assert.equal(1, #lines)
        refusals_of.tick(worker, 1161)
        local ending = 'balancer: upstream "cluster": requests of class "vip" have not been refused for a minute; they were for 100 s'
        assert.same({ INFO, ending }, lines[2])
        refusals_of.tick(worker, 1300)
        assert.equal(2, #lines)
    end)

    it("are those of all workers, and of each class by itself", function()
        refusals_of.note(worker, vip, "full", 1000)
        refusals_of.note(other, other.places.classes[2], "timeout", 1001)
        refusals_of.note(other, other.places.classes[1], "timeout", 1002)
        refusals_of.note(worker, standard, "full", 1003)
        assert.equal(2, #lines)
        assert.matches('"standard" are refused now %(timeout%)', lines[2][2])
        for _, one in ipairs({ worker, other }) do refusals_of.tick(one, 1061) end
        assert.equal(2, #lines)
        for _, one in ipairs({ worker, other }) do refusals_of.tick(one, 1070) end
        assert.equal(4, #lines)
    end)

    it("begin anew after a minute, even if nobody has looked meanwhile", function()
        refusals_of.note(worker, vip, "full", 1000)
        refusals_of.note(worker, vip, "full", 1060)
        assert.equal(1, #lines)
        refusals_of.note(worker, vip, "deadline", 1121)
        assert.equal(2, #lines)
        assert.matches("%(deadline%)", lines[2][2])
    end)
end)
