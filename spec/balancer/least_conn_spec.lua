local least_conn = require("resty.openclaw.balancer.least_conn")
local new_peers = require("spec.support.new_peers")
local node_of = require("resty.openclaw.balancer.node")
local picks = require("spec.support.picks")

describe("balancer.least_conn", function()
    it("takes the peer with the fewest requests for its weight", function()
        local policy = least_conn.new()
        local peers = picks.taught(policy, new_peers({ 3, 1 }))
        local got = { 0, 0 }
        for _ = 1, 8 do
            local peer = picks.one(policy, peers)
            local place = picks.place(peers, peer)
            got[place] = got[place] + 1
            node_of.start(peer.node)
        end
        assert.same({ 6, 2 }, got)
        for place, count in ipairs(got) do
            for _ = 1, count do node_of.finish(peers[place].node, "ok") end
        end
    end)

    it("takes equals in turn", function()
        local policy = least_conn.new()
        local peers = picks.taught(policy, new_peers({ 1, 1, 1 }))
        assert.same({ 3, 3, 3 }, picks.shares(policy, peers, 9))
    end)

    it("takes equals by weight", function()
        local policy = least_conn.new()
        local peers = picks.taught(policy, new_peers({ 3, 1 }))
        assert.same({ 30, 10 }, picks.shares(policy, peers, 40))
    end)

    it("never takes one that has more to do than another", function()
        local policy = least_conn.new()
        local peers = picks.taught(policy, new_peers({ 1, 1, 1 }))
        node_of.start(peers[2].node)
        assert.same({ 10, 0, 10 }, picks.shares(policy, peers, 20))
        assert.same({ 0, 20, 0 }, picks.shares(policy, peers, 20, { peers[2] }))
        node_of.finish(peers[2].node, "neutral")
    end)
end)
