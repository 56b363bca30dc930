local ____exports = {}
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local clock = require("resty.openclaw.core.time.clock")
local try_figures = require("resty.openclaw.balancer.try_figures")
--- The slots of its row. In the common block, the slot that counts the holders has the latency.
local LATENCY = 0
local ACTIVE = 1
local IN_FLIGHT = 2
local LOAD = 3
local DONE = 4
local ANSWERED = 5
local SLOTS = 6
--- The last two, the counts of answers, stay when a worker exits.
local KEPT = 2
--- The prefix of the name of a node's row.
local ROW = "node "
local ANSWERS = "openclaw_node_answers_total"
local OUTCOMES = {"ok", "failed", "busy", "neutral"}
--- The time of the last request is kept with this precision, so that most requests do not write to memory that others read.
local ACTIVE_SECONDS = 0.05
--- Is neither before nor after any moment.
local NO_TIME = 0 / 0
local nodes_by_registry = {}
--- Removes the series of a node or a peer whose row was dropped.
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
    local nodes = {by_address = {}, retired = {}}
    nodes_by_registry[registry] = nodes
    local ____registry_row_dropped_0 = registry.row_dropped
    ____registry_row_dropped_0[#____registry_row_dropped_0 + 1] = function(name) return forget_series(registry, name) end
    return nodes
end
--- The nodes of this worker's balancers in a registry, by address. Phases: any.
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
--- Holds the memory of a node for this worker. False if another address has it by now, which a reload may cause.
function ____exports.hold(node)
    if ngx.get_phase() == "init" then
        return held_rows.is_current(node.region, node.row)
    end
    return held_rows.hold(node.region, node.row)
end
--- The node at an address; always the same one in a worker. Phases: any. On failure nil and why: there is no shared memory left.
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
--- Records that a peer uses the node. Phases: any.
function ____exports.join(node)
    node.peers = node.peers + 1
end
--- Records that a peer no longer uses the node. Phases: any.
function ____exports.leave(registry, node)
    node.peers = node.peers - 1
    if node.peers == 0 then
        local ____nodes_of_result_retired_1 = nodes_of(registry).retired
        ____nodes_of_result_retired_1[#____nodes_of_result_retired_1 + 1] = node
    end
end
--- Whether the node still has its memory. A worker without a block may have lost it. Phases: any.
function ____exports.is_current(node)
    return held_rows.is_current(node.region, node.row)
end
--- Requests in flight at the node, from all workers. Phases: any.
function ____exports.in_flight(node)
    return shared_memory.total(node.region, node.in_flight_slot)
end
--- Releases the memory of a retired node; false while it has requests.
local function release(registry, node)
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
--- Releases the retired nodes without requests. Costs nothing if there are none. Phases: any but init.
function ____exports.release_retired(registry)
    local nodes = nodes_of(registry)
    if #nodes.retired == 0 then
        return
    end
    local left = {}
    for ____, node in ipairs(nodes.retired) do
        if not release(registry, node) then
            left[#left + 1] = node
        end
    end
    nodes.retired = left
end
--- Good answers of the node so far, to all workers, including those before a reload. Phases: any.
function ____exports.answered(node)
    return shared_memory.total(node.region, node.answered_slot)
end
--- Counts a request that is sent to the node. Phases: balancer.
-- 
-- @param now without it, the node counts as active until it gets a request with a time
function ____exports.start(node, now)
    if now == nil then
        now = NO_TIME
    end
    local common = node.region.common
    if not (now - node.active[0] < ACTIVE_SECONDS) then
        node.active[0] = now
    end
    if not (now - common[shared_memory.LAST_ACTIVE] < ACTIVE_SECONDS) then
        common[shared_memory.LAST_ACTIVE] = now
    end
    shared_memory.add(node.region, node.in_flight_slot, 1)
    shared_memory.add(node.region, node.load_slot, 1)
end
--- Whether any node got a request in the last so many seconds. Phases: any.
function ____exports.is_any_active(registry, now, seconds)
    return not (now - registry.region.common[shared_memory.LAST_ACTIVE] > seconds)
end
--- Whether the node got no request in the last so many seconds. Phases: any.
function ____exports.is_quiet(node, now, seconds)
    return now - node.active[0] > seconds
end
local function count_done(node, well)
    shared_memory.add(node.region, node.load_slot, -1)
    if well then
        shared_memory.add(node.region, node.done_slot, 1)
    end
end
--- Counts a request as done, by the `signal` of its upstream, although its answer goes on. Phases: header_filter.
function ____exports.note_done(node)
    count_done(node, true)
end
--- Counts the end of a request. `is_done`: whether `note_done` was called for it. Phases: balancer, log.
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
--- Counts an answer that upgraded the connection, to a WebSocket for example: it stays in flight, and no longer counts as load.
-- Phases: header_filter, log.
function ____exports.note_upgraded(node)
    count_done(node, false)
    shared_memory.add(node.region, node.answered_slot, 1)
end
--- Counts the end of an upgraded connection. Phases: log.
function ____exports.finish_upgraded(node)
    shared_memory.add(node.region, node.in_flight_slot, -1)
    node.outcomes.ok:inc()
end
--- Requests that are not done, by the `signal` of their upstreams, from all workers. Phases: any.
function ____exports.load(node)
    return shared_memory.total(node.region, node.load_slot)
end
--- Requests that were answered well, by the `signal` of their upstreams, including those before a reload. Phases: any.
function ____exports.done(node)
    return shared_memory.total(node.region, node.done_slot)
end
return ____exports
