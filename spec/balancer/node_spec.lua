local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local node_of = require("resty.openclaw.balancer.node")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local registry = metric_registry.open("openclaw")
local last_port = 40000

local function new_node()
    last_port = last_port + 1
    return assert(node_of.at(registry, "10.9.9.9:" .. last_port, "10.9.9.9", last_port))
end

local function counted(node, outcome)
    return shared_memory.total(node.region, node.outcomes[outcome].slot)
end

describe("balancer.node", function()
    it("is one for all who name its address", function()
        local one = new_node()
        local other = node_of.at(registry, one.address, one.host, one.port)
        assert.equal(one, other)
        assert.equal(one, node_of.all(registry)[one.address])
        node_of.start(one)
        assert.equal(1, node_of.in_flight(other))
        node_of.finish(other, "ok")
        assert.equal(0, node_of.in_flight(one))
        assert.equal(1, node_of.answered(one))
    end)

    it("is another one for another address, and for another registry", function()
        local one, other = new_node(), new_node()
        local elsewhere = node_of.at(metric_registry.open("figures"), one.address, one.host, one.port)
        node_of.start(one)
        assert.equal(0, node_of.in_flight(other))
        assert.equal(0, node_of.in_flight(elsewhere))
        node_of.finish(one, "neutral")
    end)

    it("counts by outcome, and only successes as answers", function()
        local node = new_node()
        for _, outcome in ipairs({ "ok", "ok", "ok", "ok", "failed", "failed", "failed", "busy", "busy", "neutral" }) do
            node_of.start(node)
            node_of.finish(node, outcome)
        end
        assert.same({ 4, 3, 2, 1 }, { counted(node, "ok"), counted(node, "failed"), counted(node, "busy"), counted(node, "neutral") })
        assert.equal(4, node_of.answered(node))
        assert.equal(0, node_of.in_flight(node))
    end)

    it("counts what is done before its end once", function()
        local node = new_node()
        for _ = 1, 3 do node_of.start(node) end
        assert.same({ 3, 0 }, { node_of.load(node), node_of.done(node) })
        node_of.note_done(node)
        assert.same({ 2, 1, 3 }, { node_of.load(node), node_of.done(node), node_of.in_flight(node) })
        node_of.finish(node, "ok", true)
        assert.same({ 2, 1, 2 }, { node_of.load(node), node_of.done(node), node_of.in_flight(node) })
        node_of.finish(node, "ok")
        node_of.finish(node, "failed")
        assert.same({ 0, 2, 0 }, { node_of.load(node), node_of.done(node), node_of.in_flight(node) })
    end)
end)
