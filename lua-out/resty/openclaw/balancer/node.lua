local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
local shared_memory = require("resty.openclaw.shared_memory")
local ejection = require("resty.openclaw.balancer.ejection")
local nodes_by_registry = {}
--- The nodes of all balancers over one registry, by address. Phases: any.
function ____exports.all(registry)
    local known = nodes_by_registry[registry]
    if known ~= nil then
        return known
    end
    local nodes = {}
    nodes_by_registry[registry] = nodes
    return nodes
end
local function demand(address, slot, err)
    if slot == nil then
        error(
            (("balancer: no shared memory for node " .. address) .. ": ") .. tostring(err),
            0
        )
    end
    return slot
end
local function nobody()
    return
end
local function create(registry, address, host, port)
    local region = registry.region
    local answers = metric_registry.counter(registry, "openclaw_node_answers_total", "Tries at a node by how they ended: ok, failed, or neutral where the outcome tells nothing about the node.", {"node", "outcome"})
    local ok = answers:labels(address, "ok")
    local in_flight, in_flight_err = shared_memory.transient_slot(region, "in flight " .. address)
    local record, record_err = shared_memory.slot(region, "failures " .. address, ejection.RECORD_SLOTS)
    return {
        region = region,
        address = address,
        host = host,
        port = port,
        in_flight_slot = demand(address, in_flight, in_flight_err),
        answered_slot = ok.slot,
        record = region.common + demand(address, record, record_err),
        outcomes = {
            ok = ok,
            failed = answers:labels(address, "failed"),
            neutral = answers:labels(address, "neutral")
        },
        succeeded = nobody,
        failed = nobody,
        wants_seconds = false
    }
end
--- The node with this address; the same one for everybody. Raises when there is no shared memory left. Phases: init.
function ____exports.at(registry, address, host, port)
    local nodes = ____exports.all(registry)
    local known = nodes[address]
    if known ~= nil then
        return known
    end
    local node = create(registry, address, host, port)
    nodes[address] = node
    return node
end
--- Lets a policy learn from the node, which it knows by an index. A chain of functions, not a list, as LuaJIT compiles
-- calls well and loops of one turn badly. Phases: init.
function ____exports.teach(node, learner, index)
    local ____node_0 = node
    local succeeded = ____node_0.succeeded
    local failed = ____node_0.failed
    if learner.succeeded ~= nil then
        node.succeeded = function(now, seconds)
            succeeded(now, seconds)
            learner:succeeded(index, now, seconds)
        end
    end
    if learner.failed ~= nil then
        node.failed = function()
            failed()
            learner:failed(index)
        end
    end
end
--- Requests that the node works on now, for all workers. Phases: any.
function ____exports.in_flight(node)
    return shared_memory.total(node.region, node.in_flight_slot)
end
--- Successful answers of the node so far, to all workers, over all reloads. Phases: any.
function ____exports.answered(node)
    return shared_memory.total(node.region, node.answered_slot)
end
--- Counts a request that goes to the node. Phases: balancer.
function ____exports.start(node)
    shared_memory.add(node.region, node.in_flight_slot, 1)
end
--- Counts a request that came back from the node, and tells all who learn from it. Phases: balancer, log.
function ____exports.finish(node, outcome, now, seconds)
    shared_memory.add(node.region, node.in_flight_slot, -1)
    node.outcomes[outcome]:inc()
    if outcome == "ok" then
        ejection.succeeded(node.record, now)
        node.succeeded(now, seconds)
    elseif outcome == "failed" then
        ejection.failed(
            node.record,
            now,
            math.random()
        )
        node.failed()
    else
        ejection.told_nothing(node.record)
    end
end
return ____exports
