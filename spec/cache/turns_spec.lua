local turns = require("resty.openclaw.cache.turns")

describe("cache.turns", function()
    it("looks at all in turns, however many there are", function()
        local some = turns.new()
        local seen = {}
        for number = 1, 1000 do turns.add(some, number) end
        local function stays(number)
            seen[number] = (seen[number] or 0) + 1
            return true
        end
        local looks = 0
        repeat
            assert.is_true(turns.look(some, stays, 0))
            looks = looks + 1
        until #seen == 1000
        assert.equal(4, looks)
        for number = 1, 1000 do assert.is_true(seen[number] <= 2) end
    end)

    it("forgets those that do not stay, and only those", function()
        local some = turns.new()
        for number = 1, 700 do turns.add(some, number) end
        local left = 700
        for _ = 1, 20 do
            turns.look(some, function(number)
                if number % 7 ~= 0 then left = left - 1 end
                return number % 7 == 0
            end, 0)
        end
        assert.equal(100, left)
        assert.equal(100, #some.items)
        for _, number in ipairs(some.items) do assert.equal(0, number % 7) end
        assert.is_false(turns.look(turns.new(), error, 0))
    end)

    it("forgets the last one", function()
        local some = turns.new()
        turns.add(some, "only")
        assert.is_false(turns.look(some, function() return false end, 0))
        turns.add(some, "next")
        local seen
        turns.look(some, function(item)
            seen = item
            return true
        end, 0)
        assert.equal("next", seen)
    end)
end)
