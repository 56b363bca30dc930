local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")

local function candidates(gains)
    local made = { peers = {}, count = #gains }
    for place, gain in ipairs(gains) do
        made.peers[place] = { learned = smooth_weighted.none() }
        made.peers[place].learned.gain = gain
    end
    return made
end

describe("balancer.smooth_weighted", function()
    it("takes turns as nginx does", function()
        local three, taken = candidates({ 4, 2, 1 }), {}
        for turn = 1, 7 do taken[turn] = smooth_weighted.take(three) end
        assert.same({ 0, 1, 0, 2, 0, 1, 0 }, taken)
    end)

    it("pays back all that it gives", function()
        local some = candidates({ 0.3, 7, 2.5 })
        for _ = 1, 1000 do
            smooth_weighted.take(some)
            local sum = 0
            for _, peer in ipairs(some.peers) do sum = sum + peer.learned.credit end
            assert.is_true(math.abs(sum) < 1e-9, "credits sum up to " .. sum)
        end
    end)

    it("looks at as many as there are candidates, and no further", function()
        local some = candidates({ 1, 1, 100 })
        some.count = 2
        for _ = 1, 10 do assert.is_true(smooth_weighted.take(some) < 2) end
        assert.equal(0, some.peers[3].learned.credit)
    end)
end)
