local straight_loop = require("resty.openclaw.core.code.straight_loop")

describe("straight_loop", function()
    local seen

    local visit_all = straight_loop.over(function(item, first, second, third)
        seen[#seen + 1] = table.concat({ item, first, second, third }, " ")
    end)

    before_each(function() seen = {} end)

    it("visits so many items in order, with the three values", function()
        local items, expected = {}, {}
        for place = 1, 20 do items[place] = place end
        for count = 0, 20 do
            seen = {}
            visit_all(items, count, "a", "b", "c")
            if count > 0 then expected[count] = count .. " a b c" end
            assert.same(expected, seen)
        end
    end)

    it("has code of its own for each visit", function()
        local others = 0
        local count_all = straight_loop.over(function() others = others + 1 end)
        count_all({ "x", "y" }, 2)
        assert.equal(2, others)
        assert.same({}, seen)
    end)
end)
