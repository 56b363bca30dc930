local new_peers = require("spec.support.new_peers")
local picks = require("spec.support.picks")
local round_robin = require("resty.openclaw.balancer.round_robin")

describe("balancer.round_robin", function()
    it("spreads by weight without bursts, as nginx does", function()
        local policy = round_robin.new()
        local peers = picks.taught(policy, new_peers({ 5, 1, 1 }))
        assert.same({ 1, 1, 2, 1, 3, 1, 1 }, picks.places(policy, peers, 7))
    end)

    it("leaves out who is no candidate", function()
        local policy = round_robin.new()
        local peers = picks.taught(policy, new_peers({ 1, 1, 1 }))
        assert.same({ 5, 0, 5 }, picks.shares(policy, peers, 10, { peers[1], peers[3] }))
    end)

    it("follows a weight that is changed", function()
        local policy = round_robin.new()
        local peers = picks.taught(policy, new_peers({ 1, 1 }))
        assert.same({ 5, 5 }, picks.shares(policy, peers, 10))
        peers[2].weight = 4
        assert.same({ 2, 8 }, picks.shares(policy, peers, 10))
        assert.equal(4, policy:weight(peers[2], peers))
    end)

    it("owes nothing to who joins late", function()
        local policy = round_robin.new()
        local peers = picks.taught(policy, new_peers({ 1, 1 }))
        picks.places(policy, peers, 1001)
        peers[3] = picks.taught(policy, new_peers({ 1 }))[1]
        assert.same({ 10, 10, 10 }, picks.shares(policy, peers, 30))
    end)
end)
