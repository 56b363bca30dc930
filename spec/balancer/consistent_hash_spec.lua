local consistent_hash = require("resty.openclaw.balancer.consistent_hash")
local new_peers = require("spec.support.new_peers")
local node_of = require("resty.openclaw.balancer.node")
local picks = require("spec.support.picks")
local read_option = require("spec.support.read_option")

local KEYS = 3000

local function new_policy(weights, load_factor)
    local policy = consistent_hash.new({ hash_on = "$arg_user", load_factor = load_factor or consistent_hash.DEFAULT_LOAD_FACTOR })
    return policy, picks.taught(policy, new_peers(weights))
end

--- Where each of many keys goes, and how many keys each peer got.
local function homes_of(policy, peers)
    local homes, counts = {}, {}
    for _, peer in ipairs(peers) do counts[peer] = 0 end
    for number = 1, KEYS do
        local peer = picks.one(policy, peers, 1000, "user-" .. number)
        homes[number] = peer
        counts[peer] = counts[peer] + 1
    end
    return homes, counts
end

local function assert_share(expected, count)
    local share = count / KEYS
    assert.is_true(math.abs(share - expected) < 0.04, "a share of " .. share .. " for " .. expected)
end

local function finish_all(nodes)
    for _, node in ipairs(nodes) do node_of.finish(node, "neutral") end
end

describe("balancer.consistent_hash", function()
    it("sends the same key to the same peer, in every worker, however the peers are ordered", function()
        local policy, peers = new_policy({ 1, 1, 1, 1 })
        local elsewhere = consistent_hash.new({ hash_on = "arg_user", load_factor = consistent_hash.DEFAULT_LOAD_FACTOR })
        for number = 1, 200 do
            local key = "key " .. number
            local home = picks.one(policy, peers, 1000, key)
            for _ = 1, 3 do assert.equal(home, picks.one(policy, peers, 1000 + number, key)) end
            picks.taught(elsewhere, peers)
            assert.equal(home, picks.one(elsewhere, { peers[3], peers[1], peers[4], peers[2] }, 5, key))
        end
    end)

    it("spreads keys evenly, addresses and keys that differ by a digit too", function()
        local policy, peers = new_policy({ 1, 1, 1, 1, 1 })
        local _, counts = homes_of(policy, peers)
        for _, peer in ipairs(peers) do assert_share(0.2, counts[peer]) end
    end)

    it("spreads keys by weight", function()
        local policy, peers = new_policy({ 5, 3, 1, 1 })
        local _, counts = homes_of(policy, peers)
        for place, share in ipairs({ 0.5, 0.3, 0.1, 0.1 }) do assert_share(share, counts[peers[place]]) end
    end)

    it("moves only the keys of a peer that leaves, to all others", function()
        local policy, peers = new_policy({ 1, 2, 1, 1 })
        local before = homes_of(policy, peers)
        local left = { peers[1], peers[3], peers[4] }
        local after, counts = homes_of(policy, left)
        for number = 1, KEYS do
            if before[number] ~= peers[2] then assert.equal(before[number], after[number]) end
        end
        for _, peer in ipairs(left) do assert_share(1 / 3, counts[peer]) end
    end)

    it("moves keys to a peer that comes, and to no other", function()
        local policy, peers = new_policy({ 1, 1, 1 })
        local before = homes_of(policy, peers)
        local newcomer = picks.taught(policy, new_peers({ 1 }))[1]
        local after, counts = homes_of(policy, { newcomer, peers[1], peers[2], peers[3] })
        for number = 1, KEYS do
            assert.is_true(after[number] == before[number] or after[number] == newcomer)
        end
        assert_share(0.25, counts[newcomer])
    end)

    it("moves keys only to a peer whose weight grows", function()
        local policy, peers = new_policy({ 1, 1, 1 })
        local before = homes_of(policy, peers)
        peers[2].weight = 2
        local after, counts = homes_of(policy, peers)
        for number = 1, KEYS do
            assert.is_true(after[number] == before[number] or after[number] == peers[2])
        end
        assert_share(0.5, counts[peers[2]])
    end)

    it("never lets a peer have more than its bound of what is in flight", function()
        for _, load_factor in ipairs({ 1.1, 1.25, 2 }) do
            local weights = { 1, 2, 3 }
            local policy, peers = new_policy(weights, load_factor)
            local started = {}
            for number = 1, 300 do
                -- Nearly all requests are of one user.
                local peer = picks.one(policy, peers, 1000, number % 10 == 0 and "other " .. number or "busy user")
                node_of.start(peer.node)
                started[number] = peer.node
                local bound = math.ceil(load_factor * number * peer.weight / 6)
                assert.is_true(node_of.in_flight(peer.node) <= bound, node_of.in_flight(peer.node) .. " of " .. bound)
            end
            finish_all(started)
        end
    end)

    it("sends a key that finds its peer full to the same other one, and back when there is room", function()
        local policy, peers = new_policy({ 1, 1, 1, 1 })
        local home = picks.one(policy, peers, 1000, "key")
        local started = {}
        for number = 1, 8 do
            node_of.start(home.node)
            started[number] = home.node
        end
        local second = picks.one(policy, peers, 1000, "key")
        assert.is_true(second ~= home)
        for _ = 1, 5 do assert.equal(second, picks.one(policy, peers, 1000, "key")) end
        finish_all(started)
        assert.equal(home, picks.one(policy, peers, 1000, "key"))
    end)

    it("sends requests without a value to where the least is in flight for the weight", function()
        local policy, peers = new_policy({ 1, 3 })
        for _, key in ipairs({ "", false }) do
            local started, got = {}, { 0, 0 }
            for number = 1, 40 do
                local peer = picks.one(policy, peers, 1000, key or nil)
                node_of.start(peer.node)
                started[number] = peer.node
                local place = picks.place(peers, peer)
                got[place] = got[place] + 1
            end
            assert.is_true(got[1] >= 9 and got[1] <= 11, got[1] .. " of 40 for a weight of 1 in 4")
            finish_all(started)
        end
    end)

    it("spreads requests without a value where nothing is in flight", function()
        local policy, peers = new_policy({ 1, 1, 1 })
        for _, count in ipairs(picks.shares(policy, peers, 300)) do assert.is_true(count > 50, "one got " .. count) end
    end)

    it("takes any key", function()
        local policy, peers = new_policy({ 1, 1 })
        for _, key in ipairs({ "\0", "\255\254", ("x"):rep(1e5), "ключ", " " }) do
            local home = picks.one(policy, peers, 1000, key)
            assert.is_table(home)
            assert.equal(home, picks.one(policy, peers, 1000, key))
        end
    end)

    it("takes the only peer there is, however much it has to do", function()
        local policy, peers = new_policy({ 0.01 })
        local started = {}
        for number = 1, 10 do
            assert.equal(peers[1], picks.one(policy, peers, 1000, "key"))
            node_of.start(peers[1].node)
            started[number] = peers[1].node
        end
        finish_all(started)
    end)

    it("says which variable it hashes, with or without a dollar sign", function()
        assert.equal("arg_user", consistent_hash.new({ hash_on = "$arg_user" }).key_variable)
        assert.equal("http_x_session", consistent_hash.new({ hash_on = "http_x_session" }).key_variable)
    end)

    it("refuses what it cannot hash", function()
        local function refuses(sentence, kind, given)
            assert.has_error(function() read_option(kind, given, "spec") end, sentence)
        end
        local variable, factor = consistent_hash.HASHED_VARIABLE, consistent_hash.LOAD_FACTOR
        refuses('spec must be the name of a variable, such as "$arg_user", got nothing', variable, nil)
        refuses('spec must be the name of a variable, such as "$arg_user", got "$arg_user$uri"', variable, "$arg_user$uri")
        refuses('spec must be the name of a variable, such as "$arg_user", got "$"', variable, "$")
        for _, wrong in ipairs({ 1, -2, math.huge, 0 / 0 }) do
            refuses("spec must be a number above 1, got " .. tostring(wrong), factor, wrong)
        end
        refuses('spec must be a number above 1, got "2"', factor, "2")
        assert.equal(1.5, read_option(factor, 1.5, "spec"))
    end)
end)
