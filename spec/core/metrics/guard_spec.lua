local guard = require("resty.openclaw.core.metrics.guard")

describe("guard", function()
    local faults, reported

    before_each(function()
        reported = {}
        faults = {
            report = function(_, kind, ...)
                local parts = {}
                for place = 1, select("#", ...) do parts[place] = tostring((select(place, ...))) end
                reported[#reported + 1] = { kind, table.concat(parts) }
            end,
        }
    end)

    it("returns the first result of a function", function()
        local ok, result = guard.call(faults, "add", function(left, right) return left + right, "more" end, 1, 2)
        assert.is_true(ok)
        assert.equal(3, result)
        assert.same({}, reported)
    end)

    it("passes nils on", function()
        local count
        guard.call(faults, "count", function(...) count = select("#", ...) end, nil, 1, nil)
        assert.equal(3, count)
    end)

    it("reports what a function raises", function()
        local ok, result = guard.call(faults, "add", function() error("broken", 0) end)
        assert.is_false(ok)
        assert.is_nil(result)
        assert.same({ { "add", "broken" } }, reported)
    end)

    it("reports what is no string", function()
        assert.is_false((guard.call(faults, "add", error)))
        assert.is_false((guard.call(faults, "add", function() error({}) end)))
        assert.equal("nil", reported[1][2])
        assert.truthy(reported[2][2]:find("^table: "))
    end)

    it("puts the subject before the error", function()
        local ok = guard.call_for(faults, "send", "sink a", function(text) error(text, 0) end, "broken")
        assert.is_false(ok)
        assert.same({ { "send", "sink a: broken" } }, reported)
        assert.same({ true, 5 }, { guard.call_for(faults, "send", "sink a", function(value) return value end, 5) })
        assert.equal(1, #reported)
    end)

    it("returns all results of a protected call, or what was raised", function()
        assert.same({ true, 1, 2, 3 }, { guard.protected_call(function(...) return ... end, 1, 2, 3) })
        assert.same({ false, "broken" }, { guard.protected_call(error, "broken", 0) })
    end)
end)
