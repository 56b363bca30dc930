local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
local shared_memory = require("resty.openclaw.shared_memory")
local nodes_by_registry = {}
--- The nodes that any balancer over a registry has had, by address. Phases: any.
function ____exports.all(registry)
    local known = nodes_by_registry[registry]
    if known ~= nil then
        return known
    end
    local nodes = {}
    nodes_by_registry[registry] = nodes
    return nodes
end
local function create(registry, address, host, port)
    local region = registry.region
    local in_flight, err = shared_memory.transient_slot(region, "in flight " .. address)
    if in_flight == nil then
        return nil, err
    end
    local load, load_err = shared_memory.transient_slot(region, "load " .. address)
    if load == nil then
        return nil, load_err
    end
    local done, done_err = shared_memory.slot(region, "done " .. address)
    if done == nil then
        return nil, done_err
    end
    local answers = metric_registry.counter(registry, "openclaw_node_answers_total", "Tries at a node by how they ended: ok, failed, busy, or neutral where that tells nothing about the node.", {"node", "outcome"})
    local answered, answered_err = shared_memory.slot(region, "answered " .. address)
    if answered == nil then
        return nil, answered_err
    end
    return {
        region = region,
        address = address,
        host = host,
        port = port,
        in_flight_slot = in_flight,
        answered_slot = answered,
        load_slot = load,
        done_slot = done,
        outcomes = {
            ok = answers:labels(address, "ok"),
            failed = answers:labels(address, "failed"),
            busy = answers:labels(address, "busy"),
            neutral = answers:labels(address, "neutral")
        }
    }
end
--- The node with this address; the same one for everybody. Phases: any. On failure nil and why: there is no shared memory
-- left.
function ____exports.at(registry, address, host, port)
    local nodes = ____exports.all(registry)
    local known = nodes[address]
    if known ~= nil then
        return known
    end
    local node, err = create(registry, address, host, port)
    if node == nil then
        return nil, err
    end
    nodes[address] = node
    return node
end
--- Requests that the node works on now, for all workers. Phases: any.
function ____exports.in_flight(node)
    return shared_memory.total(node.region, node.in_flight_slot)
end
--- Good answers of the node so far, to all workers, over all reloads. Phases: any.
function ____exports.answered(node)
    return shared_memory.total(node.region, node.answered_slot)
end
--- Counts a request that goes to the node. Phases: balancer.
function ____exports.start(node)
    shared_memory.add(node.region, node.in_flight_slot, 1)
    shared_memory.add(node.region, node.load_slot, 1)
end
local function count_done(node, well)
    shared_memory.add(node.region, node.load_slot, -1)
    if well then
        shared_memory.add(node.region, node.done_slot, 1)
    end
end
--- Counts a request as done well, as its upstream sees it, although its answer goes on. Phases: header_filter.
function ____exports.note_done(node)
    count_done(node, true)
end
--- Counts a request that came back from the node. `is_done`: whether `note_done` was called for it. Phases: balancer, log.
function ____exports.finish(node, outcome, is_done)
    if is_done == nil then
        is_done = false
    end
    shared_memory.add(node.region, node.in_flight_slot, -1)
    if outcome == "ok" then
        shared_memory.add(node.region, node.answered_slot, 1)
    end
    if not is_done then
        count_done(node, outcome == "ok")
    end
    node.outcomes[outcome]:inc()
end
--- Requests that are not done as their upstreams see it, for all workers. Phases: any.
function ____exports.load(node)
    return shared_memory.total(node.region, node.load_slot)
end
--- Requests that were done well as their upstreams see it, to all workers, over all reloads. Phases: any.
function ____exports.done(node)
    return shared_memory.total(node.region, node.done_slot)
end
return ____exports
