local clock = require("resty.openclaw.core.time.clock")
local eventually = require("spec.support.eventually")
local lookouts = require("resty.openclaw.core.process.lookout")

local function faults()
    local found = {}
    return found, { report = function(_, kind, ...) found[#found + 1] = kind .. ": " .. table.concat({ ... }) end }
end

describe("core.process.lookout", function()
    it("looks as long as anybody waits, and not at all while nobody does", function()
        local looks, wanted = 0, 3
        local lookout = lookouts.new("route", 0.001, function()
            looks = looks + 1
            return looks < wanted
        end)
        local _, none = faults()
        lookouts.keep(lookout, clock.now(), none, "a")
        lookouts.keep(lookout, clock.now(), none, "a")
        eventually(function() return not lookout.is_looking end)
        assert.equal(3, looks)
        wanted = 5
        lookouts.keep(lookout, clock.now(), none, "a")
        eventually(function() return not lookout.is_looking end)
        assert.equal(5, looks)
    end)

    it("goes on after an error, and says it", function()
        local looks = 0
        local lookout = lookouts.new("route", 0.001, function()
            looks = looks + 1
            if looks == 1 then error("broken", 0) end
            return false
        end)
        local found, its_faults = faults()
        lookouts.keep(lookout, clock.now(), its_faults, "work")
        eventually(function() return not lookout.is_looking end)
        assert.equal(2, looks)
        assert.same({ "look: work: broken" }, found)
    end)

    it("replaces a thread that was lost", function()
        local looks = 0
        local lookout = lookouts.new("route", 0.001, function()
            looks = looks + 1
            return false
        end)
        lookout.is_looking = true
        lookout.looked_at = clock.now() - 1
        local found, its_faults = faults()
        lookouts.keep(lookout, clock.now(), its_faults, "work")
        eventually(function() return looks == 1 end)
        assert.same({ 'timer: route "work": the thread that looks for them was lost' }, found)
    end)
end)
