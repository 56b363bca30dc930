local latency_buckets = require("resty.openclaw.balancer.latency_buckets")
local new_peers = require("spec.support.new_peers")
local picks = require("spec.support.picks")
local read_option = require("spec.support.read_option")

local function read(buckets)
    return read_option(latency_buckets.BUCKETS, buckets, "spec.buckets")
end

local function new_policy(weights, buckets)
    local policy = latency_buckets.new({ buckets = buckets })
    return policy, picks.taught(policy, new_peers(weights))
end

describe("balancer.latency_buckets", function()
    it("weighs peers 3, 2 and 1 by the seconds they take", function()
        local policy, peers = new_policy({ 1, 1, 1 })
        policy:succeeded(peers[1], 1, 0.5)
        policy:succeeded(peers[2], 1, 3)
        policy:succeeded(peers[3], 1, 9)
        assert.same({ 30, 20, 10 }, picks.shares(policy, peers, 60))
    end)

    it("follows a peer that becomes slow", function()
        local policy, peers = new_policy({ 1 })
        policy:succeeded(peers[1], 1, 0.5)
        assert.equal(3, policy:weight(peers[1]))
        for _ = 1, 20 do policy:succeeded(peers[1], 1, 10) end
        assert.equal(1, policy:weight(peers[1]))
    end)

    it("never takes a failure for a fast answer", function()
        local policy, peers = new_policy({ 1 })
        policy:succeeded(peers[1], 1, 0.5)
        for _ = 1, 20 do policy:failed(peers[1]) end
        assert.equal(1, policy:weight(peers[1]))
    end)

    it("counts static weights in", function()
        local policy, peers = new_policy({ 2 })
        assert.equal(2, policy:weight(peers[1]))
        policy:succeeded(peers[1], 1, 0.1)
        assert.equal(6, policy:weight(peers[1]))
    end)

    it("learns from answers that took no time, and not from those of which no time is known", function()
        local policy, peers = new_policy({ 1 })
        policy:succeeded(peers[1], 1, nil)
        assert.equal(1, policy:weight(peers[1]))
        policy:succeeded(peers[1], 1, 0)
        assert.equal(3, policy:weight(peers[1]))
    end)

    it("shares what it learns with all workers", function()
        local policy, peers = new_policy({ 1 })
        policy:succeeded(peers[1], 1, 3)
        local elsewhere = latency_buckets.new({})
        assert.equal(2, elsewhere:weight({ weight = 1, learned = elsewhere:learn(peers[1]) }))
    end)

    it("takes another table", function()
        local policy, peers = new_policy({ 1 }, read({ { below_seconds = 0.1, weight = 10 } }))
        policy:succeeded(peers[1], 1, 0.05)
        assert.equal(10, policy:weight(peers[1]))
        assert.has_error(function()
            read({ { below_seconds = 4, weight = 2 }, { below_seconds = 2, weight = 3 } })
        end, "spec.buckets[2].below_seconds must be more than 4, got 2")
    end)

    it("says where that is wrong", function()
        local function refuses(sentence, buckets)
            assert.has_error(function() read(buckets) end, sentence)
        end
        refuses("spec.buckets must be a list with at least one entry, got an empty table", {})
        refuses("spec.buckets must be a list with at least one entry, got 2", 2)
        refuses("spec.buckets[1] must be a table, got 2\nspec.buckets[2] must be a table, got 4", { 2, 4 })
        refuses("spec.buckets[1].weight must be a number above 0, got nothing", { { below_seconds = 2 } })
        refuses('spec.buckets[1]: unknown option "below_second"; did you mean "below_seconds"?',
            { { below_second = 2, below_seconds = 2, weight = 1 } })
    end)
end)
