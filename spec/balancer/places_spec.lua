local places = require("resty.openclaw.balancer.places")

local MOST = 100

describe("balancer.places", function()
    local all, taken, now

    local function take(who)
        local has = places.take(all, who, now)
        if has then taken = taken + 1 end
        return has
    end

    local function give_back(count)
        for _ = 1, count or 1 do
            places.give_back(all)
            taken = taken - 1
        end
    end

    local function take_all(who)
        while take(who) do end
        places.leave(all, who)
    end

    before_each(function() all, taken, now = places.new(MOST), 0, 1000 end)

    it("are no more than there are", function()
        local who = {}
        for _ = 1, MOST do assert.is_true(take(who)) end
        assert.is_false(take(who))
        give_back()
        assert.is_true(take(who))
        assert.is_false(take(who))
        places.leave(all, who)
    end)

    it("are had by those who have waited longest, one by one", function()
        local greedy, second, third = {}, {}, {}
        take_all(greedy)
        assert.is_false(take(second))
        assert.is_false(take(third))
        assert.is_false(take(greedy))
        give_back()
        assert.is_false(take(greedy))
        assert.is_false(take(third))
        assert.is_true(take(second))
        assert.is_false(take(second)) -- at the end of the line from now on
        give_back(2)
        assert.is_false(take(second))
        assert.is_true(take(third))
        assert.is_true(take(greedy))
        give_back()
        assert.is_true(take(second))
    end)

    it("are not kept for those who leave, or ask no more", function()
        local leaver, gone, last = {}, {}, {}
        take_all({})
        assert.is_false(take(leaver))
        assert.is_false(take(gone))
        assert.is_false(take(last))
        give_back()
        places.leave(all, leaver)
        places.leave(all, leaver)
        assert.is_false(take(last))
        now = now + 0.9
        assert.is_false(take(last))
        now = now + 0.2
        assert.is_true(take(last))
        assert.is_false(take(last))
    end)
end)
