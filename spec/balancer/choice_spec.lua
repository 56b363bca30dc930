local checked = require("spec.support.checked")
local choice = require("resty.openclaw.balancer.choice")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local new_peers = require("spec.support.new_peers")
local node_of = require("resty.openclaw.balancer.node")
local peer_of = require("resty.openclaw.balancer.peer")
local picks = require("spec.support.picks")
local policies = require("spec.support.policies")

local NOW = 1000

--- A pool of peers that have answered enough to be no beginners.
local function new_pool(weights, panic_share, name)
    local peers = new_peers(weights)
    for _, peer in ipairs(peers) do
        for _ = 1, 100 do
            node_of.start(peer.node)
            node_of.finish(peer.node, "ok")
        end
    end
    local pool = choice.new(policies[name or "round_robin"](), panic_share or 0)
    choice.set_peers(pool, peers)
    return pool, peers
end

local function eject(peer, now)
    for _ = 1, 3 do outlier_detection.failed(peer.record, now or NOW, 0.5) end
end

--- How many of so many first choices each place got; nobody gets any under 0.
local function shares(pool, count, now)
    local got = { [0] = 0 }
    for place in ipairs(pool.peers) do got[place] = 0 end
    for number = 1, count do
        local peer = choice.first(pool, now or NOW, "key " .. number)
        local place = peer and picks.place(pool.peers, peer) or 0
        got[place] = got[place] + 1
    end
    return got
end

describe("balancer.choice", function()
    it("lets the policy choose among all that are well", function()
        local pool = new_pool({ 1, 1, 1 })
        assert.same({ [0] = 0, 5, 5, 5 }, shares(pool, 15))
    end)

    it("sees what has changed in the same millisecond", function()
        for _, name in ipairs({ "round_robin", "xed", "least_conn" }) do
            local pool, peers = new_pool({ 1, 1, 1 }, 0, name)
            shares(pool, 6)
            eject(peers[1])
            assert.equal(0, shares(pool, 6)[1], name)
            outlier_detection.reset(peers[1].record)
            assert.is_true(shares(pool, 9)[1] > 0, name)
            outlier_detection.note_busy(peers[2].record, NOW, 1)
            assert.equal(0, shares(pool, 6)[2], name)
            peers[3].is_draining = true
            choice.set_peers(pool, peers)
            assert.equal(0, shares(pool, 6)[3], name)
        end
    end)

    it("has no peer in an empty pool", function()
        local pool = choice.new(policies.round_robin(), 0.5)
        assert.is_nil(choice.first(pool, NOW))
        assert.is_nil(choice.another(pool, NOW))
        assert.is_nil(choice.in_panic(pool, NOW, nil, false))
        assert.equal(10, choice.seconds_left(pool, NOW))
    end)

    it("makes the policy know peers when they come, when they begin anew, and not otherwise", function()
        local pool, peers = new_pool({ 1, 1 })
        local first, second = peers[1].learned, peers[2].learned
        assert.is_table(first)
        choice.set_peers(pool, peers)
        choice.first(pool, NOW)
        assert.equal(first, peers[1].learned)
        peer_of.begin_slow_start(peers[1])
        choice.first(pool, NOW)
        assert.is_true(first ~= peers[1].learned)
        assert.equal(second, peers[2].learned)
    end)

    it("tells the policy when the list changes", function()
        local heard
        local policy = policies.round_robin()
        policy.list_changed = function(_, peers) heard = peers end
        local pool, peers = choice.new(policy, 0), new_peers({ 1, 1 })
        choice.set_peers(pool, peers)
        assert.equal(peers, heard)
        assert.equal(2, pool.members)
    end)

    for name in pairs(policies) do
        describe("with " .. name, function()
            it("sends nothing to a peer that drains", function()
                local pool, peers = new_pool({ 1, 1, 1 }, 0, name)
                peers[2].is_draining = true
                choice.set_peers(pool, peers)
                local got = shares(pool, 60)
                assert.same({ 0, 0 }, { got[0], got[2] })
                assert.is_true(got[1] > 0 and got[3] > 0)
                assert.equal(2, pool.members)
            end)

            it("sends nothing to a peer that is down, and again when it is up", function()
                local pool, peers = new_pool({ 1, 1, 1 }, 0, name)
                checked.down(peers[1])
                local got = shares(pool, 60)
                assert.same({ 0, 0 }, { got[0], got[1] })
                checked.up(peers[1])
                assert.is_true(shares(pool, 60)[1] > 0)
            end)

            it("sends nothing to a busy peer for as long as it asked for", function()
                local pool, peers = new_pool({ 1, 1, 1 }, 0, name)
                outlier_detection.note_busy(peers[3].record, NOW, 5)
                local got = shares(pool, 60)
                assert.same({ 0, 0 }, { got[0], got[3] })
                assert.is_true(shares(pool, 60, NOW + 5.001)[3] > 0)
            end)

            it("tries an ejected peer with exactly one request when its time is over", function()
                local pool, peers = new_pool({ 1, 1, 1 }, 0, name)
                eject(peers[2])
                assert.equal(0, shares(pool, 60, NOW + 4.9)[2])
                assert.equal(peers[2], choice.first(pool, NOW + 5.1, "key"))
                assert.equal(0, shares(pool, 60, NOW + 5.1)[2])
                outlier_detection.failed(peers[2].record, NOW + 6, 0.5)
                assert.equal(0, shares(pool, 60, NOW + 15.9)[2])
                assert.equal(peers[2], choice.first(pool, NOW + 16.1, "key"))
                outlier_detection.succeeded(peers[2].record, NOW + 17)
                assert.is_true(shares(pool, 300, NOW + 120)[2] > 1)
            end)

            it("loads a peer that is new with care while others can take the requests", function()
                local pool, peers = new_pool({ 1, 1 }, 0, name)
                -- However fast it is said to be.
                peers[3] = new_peers({ 50 })[1]
                choice.set_peers(pool, peers)
                local started = {}
                for number = 1, 40 do
                    local peer = choice.first(pool, NOW, "key " .. number)
                    node_of.start(peer.node)
                    started[number] = peer.node
                end
                assert.equal(4, node_of.in_flight(peers[3].node))
                for _, node in ipairs(started) do node_of.finish(node, "neutral") end
            end)

            it("loads new peers all the same when there are no others", function()
                local peers = new_peers({ 1, 1 })
                local pool = choice.new(policies[name](), 0)
                choice.set_peers(pool, peers)
                local started = {}
                for number = 1, 40 do
                    local peer = choice.first(pool, NOW, "key " .. number)
                    assert.is_table(peer)
                    node_of.start(peer.node)
                    started[number] = peer.node
                end
                assert.equal(40, node_of.in_flight(peers[1].node) + node_of.in_flight(peers[2].node))
                for _, node in ipairs(started) do node_of.finish(node, "neutral") end
            end)
        end)
    end

    it("has no peer when none is available, for whichever reason", function()
        local pool, peers = new_pool({ 1, 1, 1, 1 })
        peers[1].is_draining = true
        checked.down(peers[2])
        eject(peers[3])
        checked.down(peers[4])
        choice.set_peers(pool, peers)
        assert.is_nil(choice.first(pool, NOW))
        choice.begin_round(pool)
        assert.is_nil(choice.another(pool, NOW))
    end)

    it("does not try a peer that drains, even when its ejection is over", function()
        local pool, peers = new_pool({ 1, 1 })
        eject(peers[1])
        peers[1].is_draining = true
        choice.set_peers(pool, peers)
        assert.equal(0, shares(pool, 10, NOW + 20)[1])
    end)

    it("does not try an ejected peer that is down", function()
        local pool, peers = new_pool({ 1, 1 })
        eject(peers[1])
        checked.down(peers[1])
        assert.equal(0, shares(pool, 10, NOW + 20)[1])
    end)

    it("does not send one request after the other to an ejected peer that is busy", function()
        local pool, peers = new_pool({ 1, 1 })
        eject(peers[1])
        assert.equal(peers[1], choice.first(pool, NOW + 6))
        outlier_detection.note_busy(peers[1].record, NOW + 6, 30)
        assert.equal(0, shares(pool, 10, NOW + 7)[1])
        assert.equal(peers[1], choice.first(pool, NOW + 37))
    end)

    it("never probes with a request that has been elsewhere", function()
        local pool, peers = new_pool({ 1, 1, 1 })
        eject(peers[1])
        for _ = 1, 10 do
            choice.begin_round(pool)
            choice.mark(pool, peers[2])
            assert.equal(peers[3], choice.another(pool, NOW + 20))
        end
        assert.equal(peers[1], choice.first(pool, NOW + 20))
    end)

    it("probes one peer at a time, and each in its turn", function()
        local pool, peers = new_pool({ 1, 1, 1, 1 })
        eject(peers[1])
        eject(peers[2])
        local got = shares(pool, 10, NOW + 6)
        assert.same({ 1, 1 }, { got[1], got[2] })
    end)

    describe("for a request that has been at some peers", function()
        it("chooses none of these, whatever rounds there were before", function()
            local pool, peers = new_pool({ 1, 1, 1 })
            for round = 1, 30 do
                local spared = peers[round % 3 + 1]
                choice.begin_round(pool)
                for _, peer in ipairs(peers) do
                    if peer ~= spared then choice.mark(pool, peer) end
                end
                assert.equal(spared, choice.another(pool, NOW))
            end
        end)

        it("has none when it has been at all", function()
            local pool, peers = new_pool({ 1, 1 })
            choice.begin_round(pool)
            for _, peer in ipairs(peers) do choice.mark(pool, peer) end
            assert.is_nil(choice.another(pool, NOW))
            assert.is_nil(choice.in_panic(pool, NOW, nil, false))
            choice.begin_round(pool)
            assert.is_table(choice.another(pool, NOW))
        end)

        it("does not mind marks at a first choice", function()
            local pool, peers = new_pool({ 1, 1 })
            choice.begin_round(pool)
            for _, peer in ipairs(peers) do choice.mark(pool, peer) end
            assert.is_table(choice.first(pool, NOW))
        end)

        it("does not mind how the others are loaded when these are new", function()
            local peers = new_peers({ 1, 1 })
            local pool = choice.new(policies.least_conn(), 0)
            choice.set_peers(pool, peers)
            for _ = 1, 10 do node_of.start(peers[2].node) end
            choice.begin_round(pool)
            choice.mark(pool, peers[1])
            assert.equal(peers[2], choice.another(pool, NOW))
            for _ = 1, 10 do node_of.finish(peers[2].node, "neutral") end
        end)
    end)

    describe("in panic", function()
        it("tries all members when fewer than that share are up", function()
            local pool, peers = new_pool({ 1, 1, 1, 1, 1 }, 0.5)
            checked.down(peers[1])
            checked.down(peers[2])
            assert.same({ [0] = 0, 0, 0, 10, 10, 10 }, shares(pool, 30))
            checked.down(peers[3])
            assert.same({ [0] = 0, 6, 6, 6, 6, 6 }, shares(pool, 30))
        end)

        it("counts ejected peers as not up, and not those that drain", function()
            local pool, peers = new_pool({ 1, 1, 1, 1 }, 0.5)
            peers[1].is_draining = true
            choice.set_peers(pool, peers)
            checked.down(peers[2])
            eject(peers[3])
            local got = shares(pool, 30)
            assert.same({ [0] = 0, 0, 10, 10, 10 }, got)
        end)

        it("goes on with those left where no share is set", function()
            local pool, peers = new_pool({ 1, 1, 1, 1 })
            for place = 1, 3 do checked.down(peers[place]) end
            assert.same({ [0] = 0, 0, 0, 0, 10 }, shares(pool, 10))
        end)

        it("leaves it to the caller when none is up", function()
            local pool, peers = new_pool({ 1, 1 }, 0.5)
            for _, peer in ipairs(peers) do checked.down(peer) end
            assert.is_nil(choice.first(pool, NOW))
            choice.begin_round(pool)
            assert.is_table(choice.in_panic(pool, NOW, nil, false))
        end)

        it("tries those that are down or ejected, not those that are busy or drain", function()
            local pool, peers = new_pool({ 1, 1, 1, 1 })
            checked.down(peers[1])
            eject(peers[2])
            outlier_detection.note_busy(peers[3].record, NOW, 30)
            peers[4].is_draining = true
            choice.set_peers(pool, peers)
            local got = { 0, 0, 0, 0 }
            for _ = 1, 10 do
                choice.begin_round(pool)
                local place = picks.place(peers, choice.in_panic(pool, NOW, nil, false))
                got[place] = got[place] + 1
            end
            assert.same({ 5, 5, 0, 0 }, got)
        end)
    end)

    describe("about busy peers", function()
        --- How many of so many requests each of these peers gets while the given places are busy.
        local function shares_while_busy(size, places, panic_share)
            local weights = {}
            for place = 1, size do weights[place] = 1 end
            local pool, peers = new_pool(weights, panic_share)
            for _, place in ipairs(places) do outlier_detection.note_busy(peers[place].record, NOW, 1e9) end
            return shares(pool, 12), pool, peers
        end

        it("leaves out half of them at most, so never all", function()
            local served = {}
            for size = 1, 7 do
                local places = {}
                for place = 1, size do places[place] = place end
                local got = shares_while_busy(size, places)
                assert.equal(0, got[0])
                served[size] = 0
                for place = 1, size do
                    if got[place] > 0 then served[size] = served[size] + 1 end
                end
            end
            assert.same({ 1, 1, 2, 2, 3, 3, 4 }, served)
        end)

        it("leaves all of them out while these are no more than half", function()
            assert.same({ [0] = 0, 0, 12 }, (shares_while_busy(2, { 1 })))
            assert.same({ [0] = 0, 6, 0, 6, 0 }, (shares_while_busy(4, { 2, 4 })))
            assert.same({ [0] = 0, 4, 0, 4, 4 }, (shares_while_busy(4, { 2 })))
        end)

        it("counts half of those that are up", function()
            local _, pool, peers = shares_while_busy(4, { 3, 4 })
            eject(peers[1])
            eject(peers[2])
            assert.same({ [0] = 0, 0, 0, 0, 12 }, shares(pool, 12))
            checked.down(peers[4])
            assert.same({ [0] = 0, 0, 0, 12, 0 }, shares(pool, 12))
        end)

        it("takes one that is busy rather than none in panic too", function()
            local _, pool, peers = shares_while_busy(3, { 3 }, 0.9)
            checked.down(peers[1])
            checked.down(peers[2])
            assert.same({ [0] = 0, 4, 4, 4 }, shares(pool, 12))
            local _, lone, its_peers = shares_while_busy(1, { 1 })
            checked.down(its_peers[1])
            assert.is_nil(choice.first(lone, NOW))
            choice.begin_round(lone)
            assert.is_nil(choice.in_panic(lone, NOW, nil, false))
            assert.equal(its_peers[1], choice.in_panic(lone, NOW, nil, true))
        end)

        it("does so for those that begin anew as well", function()
            local peers = new_peers({ 1, 1 })
            local pool = choice.new(policies.round_robin(), 0)
            choice.set_peers(pool, peers)
            for _, peer in ipairs(peers) do outlier_detection.note_busy(peer.record, NOW, 30) end
            for _ = 1, 10 do node_of.start(peers[2].node) end
            assert.equal(peers[2], choice.first(pool, NOW))
            for _ = 1, 10 do node_of.finish(peers[2].node, "neutral") end
        end)

        it("sends none a request that has been elsewhere", function()
            local _, pool, peers = shares_while_busy(3, { 2, 3 })
            choice.begin_round(pool)
            choice.mark(pool, peers[1])
            assert.is_nil(choice.another(pool, NOW))
            assert.is_nil(choice.in_panic(pool, NOW, nil, false))
        end)

        it("knows how many others a request could go on to", function()
            local _, pool, peers = shares_while_busy(4, { 1 })
            assert.is_table(choice.first(pool, NOW))
            assert.equal(2, pool.others)
            checked.down(peers[2])
            assert.is_table(choice.first(pool, NOW))
            assert.equal(2, pool.others)
            for place = 2, 4 do outlier_detection.note_busy(peers[place].record, NOW, 30) end
            assert.is_table(choice.first(pool, NOW))
            assert.equal(0, pool.others)
            local pair, its_peers = new_pool({ 1, 1 })
            choice.begin_round(pair)
            choice.mark(pair, its_peers[1])
            assert.equal(its_peers[2], choice.another(pair, NOW))
            assert.equal(0, pair.others)
        end)
    end)

    describe("about ejected peers", function()
        --- How many of so many peers get requests when all are ejected.
        local function left_of(size)
            local weights = {}
            for place = 1, size do weights[place] = 1 end
            local pool, peers = new_pool(weights)
            for _, peer in ipairs(peers) do eject(peer) end
            local count = 0
            for place, share in pairs(shares(pool, 10 * size)) do
                if place > 0 and share > 0 then count = count + 1 end
            end
            return count
        end

        it("leaves out half of the members at most", function()
            local got = {}
            for size = 1, 7 do got[size] = left_of(size) end
            assert.same({ 1, 1, 2, 2, 3, 3, 4 }, got)
        end)

        it("does not count those that drain", function()
            local pool, peers = new_pool({ 1, 1, 1, 1 })
            eject(peers[1])
            eject(peers[2])
            assert.same({ [0] = 0, 0, 0, 5, 5 }, shares(pool, 10))
            peers[4].is_draining = true
            choice.set_peers(pool, peers)
            assert.same({ [0] = 0, 0, 5, 5, 0 }, shares(pool, 10))
        end)

        it("probes those that are not left out too", function()
            local pool, peers = new_pool({ 1, 1, 1 })
            for _, peer in ipairs(peers) do eject(peer) end
            local probed = {}
            for _ = 1, 3 do probed[choice.first(pool, NOW + 6)] = true end
            for _, peer in ipairs(peers) do assert.is_true(probed[peer]) end
        end)
    end)

    it("says when it makes sense to come again", function()
        local pool, peers = new_pool({ 1, 1, 1 })
        assert.equal(0, choice.seconds_left(pool, NOW))
        eject(peers[1])
        outlier_detection.note_busy(peers[2].record, NOW, 3)
        checked.down(peers[3])
        assert.equal(3, choice.seconds_left(pool, NOW))
        peers[2].is_draining = true
        assert.equal(5, choice.seconds_left(pool, NOW))
        checked.down(peers[1])
        assert.equal(10, choice.seconds_left(pool, NOW))
        for _, peer in ipairs(peers) do checked.up(peer) end
    end)
end)
