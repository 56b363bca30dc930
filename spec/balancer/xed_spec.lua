local least_conn = require("resty.openclaw.balancer.least_conn")
local new_peers = require("spec.support.new_peers")
local node_of = require("resty.openclaw.balancer.node")
local virtual_cluster = require("spec.support.virtual_cluster")
local xed = require("resty.openclaw.balancer.xed")

local function with_learner(policy, peers)
    for place, node in ipairs(peers.nodes) do
        node_of.teach(node, policy, place - 1)
    end
    return policy
end

local function run(new_policy, weights, shape, change)
    local peers = new_peers(weights)
    local policy = with_learner(new_policy(peers), peers)
    local mean, p99, got = virtual_cluster.run(policy, peers, shape, change)
    return { mean = mean, p99 = p99, got = got, policy = policy, peers = peers }
end

local function three_nodes(load)
    return { nodes = { { speed = 3, slots = 4 }, { speed = 2, slots = 4 }, { speed = 1, slots = 4 } }, load = load, seed = 7, requests = 20000 }
end

describe("balancer.xed", function()
    for _, load in ipairs({ 0.5, 0.7, 0.85 }) do
        it("without weights beats least connections with true weights at " .. load * 100 .. " % load", function()
            local learned = run(xed.new, { 1, 1, 1 }, three_nodes(load))
            local told = run(least_conn.new, { 3, 2, 1 }, three_nodes(load))
            local blind = run(least_conn.new, { 1, 1, 1 }, three_nodes(load))
            assert.is_true(learned.mean < told.mean, learned.mean .. " against " .. told.mean)
            assert.is_true(learned.mean < 0.95 * blind.mean, learned.mean .. " against " .. blind.mean)
            assert.is_true(learned.p99 < 0.85 * blind.p99, learned.p99 .. " against " .. blind.p99)
        end)
    end

    it("is within 5 % of the least mean that any policy can reach", function()
        -- Exact for these nodes at 70 % load, from solving the Markov decision process: 0.4758 s.
        local learned = run(xed.new, { 1, 1, 1 }, three_nodes(0.7))
        assert.is_true(learned.mean < 0.4758 * 1.05, "mean is " .. learned.mean)
    end)

    it("learns service time, concurrency and weight", function()
        local shape = three_nodes(0.85)
        shape.nodes[1].slots, shape.nodes[3].slots = 8, 1
        local learned = run(xed.new, { 1, 1, 1 }, shape)
        local policy = learned.policy
        assert.is_true(math.abs(policy:service_seconds(0) - 1 / 3) < 0.1)
        assert.is_true(math.abs(policy:service_seconds(1) - 1 / 2) < 0.15)
        assert.is_true(policy:concurrent_requests(0) >= 4)
        assert.is_true(policy:concurrent_requests(2) <= 2)
        assert.is_true(policy:weight(0) > policy:weight(1) and policy:weight(1) > policy:weight(2))
    end)

    it("leaves a node that becomes ten times slower, and comes back to it", function()
        -- Over ten runs: in a single one chance makes as much as half of it.
        local normal, slow, back = 0, 0, 0
        for seed = 1, 10 do
            local shape = three_nodes(0.3)
            shape.requests, shape.seed = 4000, seed * 7919
            local sent_by = {}
            run(xed.new, { 1, 1, 1 }, shape, function(now, got)
                shape.nodes[1].speed = (now > 60 and now < 120) and 0.3 or 3
                for _, second in ipairs({ 30, 60, 90, 120, 180, 240 }) do
                    if now < second then sent_by[second] = got[1] end
                end
            end)
            normal = normal + (sent_by[60] - sent_by[30]) / 300
            slow = slow + (sent_by[120] - sent_by[90]) / 300
            back = back + (sent_by[240] - sent_by[180]) / 600
        end
        assert.is_true(slow < 0.2 * normal, string.format("%.2f a second against %.2f while slow", slow, normal))
        assert.is_true(back > 0.45 * normal, string.format("%.2f a second against %.2f after", back, normal))
    end)

    it("treats equal nodes as least connections does", function()
        local shape = { nodes = {}, load = 0.7, seed = 11, requests = 10000 }
        for place = 1, 6 do shape.nodes[place] = { speed = 1, slots = 4 } end
        local learned = run(xed.new, { 1, 1, 1, 1, 1, 1 }, shape)
        local plain = run(least_conn.new, { 1, 1, 1, 1, 1, 1 }, shape)
        assert.is_true(learned.mean < 1.03 * plain.mean, learned.mean .. " against " .. plain.mean)
    end)

    it("looks at a sample of many nodes, and at none twice", function()
        local weights, shape = {}, { nodes = {}, load = 0.6, seed = 3, requests = 5000 }
        for place = 1, 100 do weights[place], shape.nodes[place] = 1, { speed = 1, slots = 2 } end
        local learned = run(xed.new, weights, shape)
        for place = 1, 100 do assert.is_true(learned.got[place] > 0, "node " .. place .. " got nothing") end
    end)

    it("takes static weights for the first guess", function()
        local peers = new_peers({ 8, 1 })
        local policy = xed.new(peers)
        local candidates = { index = { [0] = 0, 1 }, count = 2 }
        for _ = 1, 4 do
            assert.equal(0, policy:pick(candidates, 1000))
            node_of.start(peers.nodes[1])
            candidates.index[0], candidates.index[1], candidates.count = 0, 1, 2
        end
    end)

    it("bears clocks that jump both ways", function()
        local peers = new_peers({ 1, 1 })
        local policy = with_learner(xed.new(peers), peers)
        local now = 1e6
        for step = 1, 2000 do
            now = now + ({ 0.01, -5000, 90000, 0 })[step % 4 + 1]
            local index = policy:pick({ index = { [0] = 0, 1 }, count = 2 }, now)
            node_of.start(peers.nodes[index + 1])
            node_of.finish(peers.nodes[index + 1], step % 7 == 0 and "failed" or "ok", now)
            policy:tick(now)
            for node = 0, 1 do
                local seconds = policy:service_seconds(node)
                assert.is_true(seconds > 0 and seconds < math.huge, "service time is " .. seconds)
            end
        end
    end)
end)
