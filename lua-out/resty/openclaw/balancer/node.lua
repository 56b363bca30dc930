local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local try_figures = require("resty.openclaw.balancer.try_figures")
--- What its row has. In the common block the slot of the holders has the latency.
local LATENCY = 0
local ACTIVE = 1
local IN_FLIGHT = 2
local LOAD = 3
local DONE = 4
local ANSWERED = 5
local SLOTS = 6
--- Answers stay when a worker is gone.
local KEPT = 2
--- What begins the name of a node's row.
local ROW = "node "
local ANSWERS = "openclaw_node_answers_total"
local OUTCOMES = {"ok", "failed", "busy", "neutral"}
--- When a node last got a request is noted to so many seconds, so that most requests write nothing that others read.
local ACTIVE_SECONDS = 0.05
--- Differs from all times.
local NO_TIME = 0 / 0
local nodes_by_registry = {}
--- The series of a node, or of a peer, go when its memory does.
local function forget_series(registry, row_name)
    if string.sub(row_name, 1, #ROW) ~= ROW then
        try_figures.forget(registry, row_name)
        return
    end
    local address = string.sub(row_name, #ROW + 1)
    for ____, outcome in ipairs(OUTCOMES) do
        metric_registry.forget(registry, ANSWERS, address, outcome)
    end
end
local function nodes_of(registry)
    local known = nodes_by_registry[registry]
    if known ~= nil then
        return known
    end
    local nodes = {by_address = {}, leaving = {}}
    nodes_by_registry[registry] = nodes
    local ____registry_row_dropped_0 = registry.row_dropped
    ____registry_row_dropped_0[#____registry_row_dropped_0 + 1] = function(name) return forget_series(registry, name) end
    return nodes
end
--- The nodes that this worker's balancers over a registry have, by address. Phases: any.
function ____exports.all(registry)
    return nodes_of(registry).by_address
end
local function create(registry, address, host, port)
    local region = registry.region
    local row, err = held_rows.take(
        region,
        ROW .. address,
        SLOTS,
        KEPT,
        clock.now()
    )
    if row == nil then
        return nil, err
    end
    local answers = metric_registry.counter(registry, ANSWERS, "Tries at a node by how they ended: ok, failed, busy, or neutral where that tells nothing about the node.", {"node", "outcome"})
    return {
        region = region,
        row = row,
        address = address,
        host = host,
        port = port,
        in_flight_slot = row.slot + IN_FLIGHT,
        answered_slot = row.slot + ANSWERED,
        load_slot = row.slot + LOAD,
        done_slot = row.slot + DONE,
        latency = region.common + (row.slot + LATENCY),
        active = region.common + (row.slot + ACTIVE),
        outcomes = {
            ok = answers:labels(address, "ok"),
            failed = answers:labels(address, "failed"),
            busy = answers:labels(address, "busy"),
            neutral = answers:labels(address, "neutral")
        },
        peers = 0
    }
end
--- Whether this worker may use the node, which it holds from now on; after a reload another address may have its memory.
function ____exports.hold(node)
    if ngx.get_phase() == "init" then
        return held_rows.is_current(node.region, node.row)
    end
    return held_rows.hold(node.region, node.row)
end
--- The node with this address; the same one for everybody in this worker. Phases: any. On failure nil and why: there is no
-- shared memory left.
function ____exports.at(registry, address, host, port)
    local nodes = ____exports.all(registry)
    local known = nodes[address]
    if known ~= nil and ____exports.hold(known) then
        return known
    end
    local node, err = create(registry, address, host, port)
    if node == nil then
        return nil, err
    end
    nodes[address] = node
    return node
end
--- Notes that a peer is at the node. Phases: any.
function ____exports.join(node)
    node.peers = node.peers + 1
end
--- Notes that a peer is at the node no more. Phases: any.
function ____exports.leave(registry, node)
    node.peers = node.peers - 1
    if node.peers == 0 then
        local ____nodes_of_result_leaving_1 = nodes_of(registry).leaving
        ____nodes_of_result_leaving_1[#____nodes_of_result_leaving_1 + 1] = node
    end
end
--- Whether the node's memory is still its own. A worker that has no block may have lost it. Phases: any.
function ____exports.is_current(node)
    return held_rows.is_current(node.region, node.row)
end
--- Requests that the node works on now, for all workers. Phases: any.
function ____exports.in_flight(node)
    return shared_memory.total(node.region, node.in_flight_slot)
end
--- Lets go of a node that no peer is at, once its last request has ended; false while it has some.
local function let_go(registry, node)
    if node.peers > 0 or not ____exports.is_current(node) then
        return true
    end
    if ____exports.in_flight(node) ~= 0 then
        return false
    end
    held_rows.release(node.region, node.row)
    local nodes = ____exports.all(registry)
    if nodes[node.address] == node then
        nodes[node.address] = nil
    end
    return true
end
--- Lets go of nodes that have left and have no request any more. Costs nothing where none has left. Phases: any but init.
function ____exports.settle(registry)
    local nodes = nodes_of(registry)
    if #nodes.leaving == 0 then
        return
    end
    local left = {}
    for ____, node in ipairs(nodes.leaving) do
        if not let_go(registry, node) then
            left[#left + 1] = node
        end
    end
    nodes.leaving = left
end
--- Good answers of the node so far, to all workers, over all reloads. Phases: any.
function ____exports.answered(node)
    return shared_memory.total(node.region, node.answered_slot)
end
--- Counts a request that goes to the node. Phases: balancer.
-- 
-- @param now the time in seconds; without one, all who wait for activity look at the node from now on
function ____exports.start(node, now)
    if now == nil then
        now = NO_TIME
    end
    local common = node.region.common
    if not (math.abs(now - node.active[0]) < ACTIVE_SECONDS) then
        node.active[0] = now
    end
    if not (math.abs(now - common[shared_memory.LAST_ACTIVE]) < ACTIVE_SECONDS) then
        common[shared_memory.LAST_ACTIVE] = now
    end
    shared_memory.add(node.region, node.in_flight_slot, 1)
    shared_memory.add(node.region, node.load_slot, 1)
end
--- About when any node last got a request; no number when nobody knows. Phases: any.
function ____exports.last_active(registry)
    return registry.region.common[shared_memory.LAST_ACTIVE]
end
--- Whether the node has had no request for so many seconds. Phases: any.
function ____exports.is_quiet(node, now, seconds)
    return math.abs(now - node.active[0]) > seconds
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
--- Counts an answer that turned its connection into another kind, such as a WebSocket: it stays in flight, and is no work
-- from then on. Phases: header_filter, log.
function ____exports.note_upgraded(node)
    count_done(node, false)
    shared_memory.add(node.region, node.answered_slot, 1)
end
--- Counts the end of such a connection. Phases: log.
function ____exports.finish_upgraded(node)
    shared_memory.add(node.region, node.in_flight_slot, -1)
    node.outcomes.ok:inc()
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
