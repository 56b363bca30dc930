local ejection = require("resty.openclaw.balancer.ejection")
local metric_registry = require("resty.openclaw.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local peers_of = require("resty.openclaw.balancer.peers")
local shared_memory = require("resty.openclaw.shared_memory")

local registry = metric_registry.open("openclaw")
local last_port = 40000

local function new_address()
    last_port = last_port + 1
    return "10.9.9.9:" .. last_port, last_port
end

local function new_node()
    local address, port = new_address()
    return node_of.at(registry, address, "10.9.9.9", port)
end

--- A learner that keeps what it is told.
local function listener()
    local heard = {}
    return {
        heard = heard,
        succeeded = function(_, ...) heard[#heard + 1] = { "succeeded", ... } end,
        failed = function(_, ...) heard[#heard + 1] = { "failed", ... } end,
    }
end

local function counted(node, outcome)
    return shared_memory.total(node.region, node.outcomes[outcome].slot)
end

describe("balancer.node", function()
    it("is one for all who name its address", function()
        local address = new_address()
        local one = peers_of.new("spec", registry, { nodes = { address } }).nodes[1]
        local other = peers_of.new("spec", registry, { nodes = { new_address(), { address, weight = 2 } } }).nodes[2]
        assert.equal(one, other)
        assert.equal(one, node_of.all(registry)[address])
        node_of.start(one)
        assert.equal(1, node_of.in_flight(other))
        node_of.finish(other, "ok", 100)
        assert.equal(0, node_of.in_flight(one))
        assert.equal(1, node_of.answered(one))
    end)

    it("is another one for another address, and for another registry", function()
        local one, other = new_node(), new_node()
        local elsewhere = node_of.at(metric_registry.open("figures"), one.address, one.host, one.port)
        node_of.start(one)
        assert.equal(0, node_of.in_flight(other))
        assert.equal(0, node_of.in_flight(elsewhere))
        node_of.finish(one, "neutral", 100)
    end)

    it("counts by outcome, and only successes as answers", function()
        local node = new_node()
        for _, outcome in ipairs({ "ok", "ok", "ok", "failed", "failed", "neutral" }) do
            node_of.start(node)
            node_of.finish(node, outcome, 100)
        end
        assert.same({ 3, 2, 1 }, { counted(node, "ok"), counted(node, "failed"), counted(node, "neutral") })
        assert.equal(3, node_of.answered(node))
        assert.equal(0, node_of.in_flight(node))
    end)

    it("tells all who learn from it, each by its own index", function()
        local node, first, second = new_node(), listener(), listener()
        node_of.teach(node, first, 0)
        node_of.teach(node, second, 7)
        for _, outcome in ipairs({ "ok", "neutral", "failed" }) do
            node_of.start(node)
            node_of.finish(node, outcome, 100, 0.5)
        end
        assert.same({ { "succeeded", 0, 100, 0.5 }, { "failed", 0 } }, first.heard)
        assert.same({ { "succeeded", 7, 100, 0.5 }, { "failed", 7 } }, second.heard)
    end)

    it("tells nothing to who does not ask", function()
        local node, hopeful, gloomy = new_node(), listener(), listener()
        hopeful.failed, gloomy.succeeded = nil, nil
        node_of.teach(node, hopeful, 1)
        node_of.teach(node, gloomy, 2)
        node_of.teach(node, {}, 3)
        node_of.finish(node, "ok", 100)
        node_of.finish(node, "failed", 100)
        assert.same({ { "succeeded", 1, 100 } }, hopeful.heard)
        assert.same({ { "failed", 2 } }, gloomy.heard)
        for _ = 1, 2 do node_of.start(node) end
    end)

    it("keeps the record of failures for all", function()
        local node = new_node()
        for _ = 1, 3 do
            node_of.start(node)
            node_of.finish(node, "failed", 100)
        end
        assert.is_true(ejection.is_ejected(node.record))
        ejection.probe(node.record, 120)
        assert.is_false(ejection.wants_probe(node.record, 121))
        node_of.start(node)
        node_of.finish(node, "neutral", 121)
        assert.is_true(ejection.wants_probe(node.record, 121))
        node_of.start(node)
        node_of.finish(node, "ok", 122)
        assert.is_false(ejection.is_ejected(node.record))
    end)
end)
