local checked = require("spec.support.checked")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local new_peers = require("spec.support.new_peers")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")

local function new_peer() return new_peers({ 1 })[1] end

--- Another worker's peer at the same node for the same upstream.
local function twin(peer, upstream)
    return assert(peer_of.new(metric_registry.open("new_peers"), upstream or "spec", peer.node, false))
end

local function answer(peer, count)
    for _ = 1, count do
        node_of.start(peer.node)
        node_of.finish(peer.node, "ok")
    end
end

describe("balancer.peer", function()
    it("shares what all workers must agree on by upstream and address", function()
        local peer = new_peer()
        local same, elsewhere = twin(peer), twin(peer, "other")
        for _ = 1, 3 do outlier_detection.failed(peer.record, 100, 0.5) end
        checked.down(peer)
        assert.equal("down", peer_of.state(same, 200))
        assert.equal("healthy", peer_of.state(elsewhere, 200))
        assert.is_false(outlier_detection.is_ejected(elsewhere.record))
        assert.equal(peer.node, elsewhere.node)
    end)

    it("begins when it is made, which each worker sees once", function()
        local peer = new_peer()
        assert.is_true(peer_of.has_restarted(peer))
        assert.is_false(peer_of.has_restarted(peer))
        local same = twin(peer)
        assert.is_true(peer_of.has_restarted(same))
        assert.is_false(peer_of.has_restarted(same))
        assert.is_false(peer_of.has_restarted(peer))
    end)

    it("begins anew for all workers, with its failures forgotten", function()
        local peer = new_peer()
        local same = twin(peer)
        peer_of.has_restarted(peer)
        peer_of.has_restarted(same)
        for _ = 1, 3 do outlier_detection.failed(peer.record, 100, 0.5) end
        peer_of.begin_slow_start(peer)
        assert.is_false(outlier_detection.is_ejected(same.record))
        assert.equal(0, outlier_detection.phi(same.record, 100))
        assert.is_true(peer_of.has_restarted(peer))
        assert.is_true(peer_of.has_restarted(same))
        assert.is_false(peer_of.has_restarted(same))
    end)

    it("may hold four requests more than it has answered when it begins, until it has answered a hundred", function()
        local peer = new_peer()
        answer(peer, 50)
        peer_of.begin_slow_start(peer)
        peer_of.has_restarted(peer)
        for _ = 1, 3 do node_of.start(peer.node) end
        assert.is_false(peer_of.is_at_slow_start_limit(peer))
        node_of.start(peer.node)
        assert.is_true(peer_of.is_at_slow_start_limit(peer))
        answer(peer, 2)
        assert.is_false(peer_of.is_at_slow_start_limit(peer))
        for _ = 1, 2 do node_of.start(peer.node) end
        assert.is_true(peer_of.is_at_slow_start_limit(peer))
        answer(peer, 97)
        for _ = 1, 97 do node_of.start(peer.node) end
        assert.is_true(peer_of.is_at_slow_start_limit(peer))
        answer(peer, 1)
        for _ = 1, 200 do node_of.start(peer.node) end
        assert.is_false(peer_of.is_at_slow_start_limit(peer))
        for _ = 1, 303 do node_of.finish(peer.node, "neutral") end
    end)

    it("is no beginner to a worker that has just started, when it has answered a hundred", function()
        local peer = new_peer()
        answer(peer, 100)
        local same = twin(peer)
        peer_of.has_restarted(same)
        for _ = 1, 300 do node_of.start(peer.node) end
        assert.is_false(peer_of.is_at_slow_start_limit(same))
        for _ = 1, 300 do node_of.finish(peer.node, "neutral") end
    end)

    it("says in what state it is, the gravest reason first", function()
        local peer = new_peer()
        assert.equal("healthy", peer_of.state(peer, 100))
        outlier_detection.note_busy(peer.record, 100, 30)
        assert.equal("busy", peer_of.state(peer, 100))
        assert.equal("healthy", peer_of.state(peer, 131))
        for _ = 1, 3 do outlier_detection.failed(peer.record, 200, 0.5) end
        assert.equal("down", peer_of.state(peer, 204))
        assert.equal("half_open", peer_of.state(peer, 206))
        outlier_detection.succeeded(peer.record, 206)
        assert.equal("healthy", peer_of.state(peer, 206))
        checked.down(peer)
        assert.equal("down", peer_of.state(peer, 206))
        peer.is_draining = true
        assert.equal("draining", peer_of.state(peer, 206))
        checked.up(peer)
        peer.is_draining = false
        assert.equal("healthy", peer_of.state(peer, 206))
    end)

    it("says for how long it gets no requests", function()
        local peer = new_peer()
        assert.equal(0, peer_of.seconds_left(peer, 100))
        for _ = 1, 3 do outlier_detection.failed(peer.record, 100, 0.5) end
        assert.equal(5, peer_of.seconds_left(peer, 100))
        outlier_detection.note_busy(peer.record, 100, 30)
        assert.equal(30, peer_of.seconds_left(peer, 100))
    end)
end)
