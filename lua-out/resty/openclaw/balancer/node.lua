local ____exports = {}
local ipairs = ipairs
local string_sub = string.sub
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_LAST_ACTIVE = shared_memory.LAST_ACTIVE
local shared_memory_add = shared_memory.add
local shared_memory_total = shared_memory.total
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local held_rows_hold = held_rows.hold
local held_rows_is_current = held_rows.is_current
local held_rows_release = held_rows.release
local held_rows_take = held_rows.take
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_forget = metric_registry.forget
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local try_figures = require("resty.openclaw.balancer.try_figures")
local try_figures_forget = try_figures.forget
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
    if string_sub(row_name, 1, #ROW) ~= ROW then
        try_figures_forget(registry, row_name)
        return
    end
    local address = string_sub(row_name, #ROW + 1)
    for ____, outcome in ipairs(OUTCOMES) do
        metric_registry_forget(registry, ANSWERS, address, outcome)
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
local function all(registry)
    return nodes_of(registry).by_address
end
____exports.all = all
local function create(registry, address, host, port)
    local region = registry.region
    local row, err = held_rows_take(
        region,
        ROW .. address,
        SLOTS,
        KEPT,
        clock_now()
    )
    if row == nil then
        return nil, err
    end
    local answers = metric_registry_counter(registry, ANSWERS, "Tries at a node by how they ended: ok, failed, busy, or neutral where that tells nothing about the node.", {"node", "outcome"})
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
local function hold(node)
    if ngx.get_phase() == "init" then
        return held_rows_is_current(node.region, node.row)
    end
    return held_rows_hold(node.region, node.row)
end
____exports.hold = hold
--- The node at an address; always the same one in a worker. Phases: any. On failure nil and why: there is no shared memory left.
local function at(registry, address, host, port)
    local nodes = all(registry)
    local known = nodes[address]
    if known ~= nil and hold(known) then
        return known
    end
    local node, err = create(registry, address, host, port)
    if node == nil then
        return nil, err
    end
    nodes[address] = node
    return node
end
____exports.at = at
--- Records that a peer uses the node. Phases: any.
local function join(node)
    node.peers = node.peers + 1
end
____exports.join = join
--- Records that a peer no longer uses the node. Phases: any.
local function leave(registry, node)
    node.peers = node.peers - 1
    if node.peers == 0 then
        local ____nodes_of_result_retired_1 = nodes_of(registry).retired
        ____nodes_of_result_retired_1[#____nodes_of_result_retired_1 + 1] = node
    end
end
____exports.leave = leave
--- Whether the node still has its memory. A worker without a block may have lost it. Phases: any.
local function is_current(node)
    return held_rows_is_current(node.region, node.row)
end
____exports.is_current = is_current
--- Requests in flight at the node, from all workers. Phases: any.
local function in_flight(node)
    return shared_memory_total(node.region, node.in_flight_slot)
end
____exports.in_flight = in_flight
--- Releases the memory of a retired node; false while it has requests.
local function release(registry, node)
    if node.peers > 0 or not is_current(node) then
        return true
    end
    if in_flight(node) ~= 0 then
        return false
    end
    held_rows_release(node.region, node.row)
    local nodes = all(registry)
    if nodes[node.address] == node then
        nodes[node.address] = nil
    end
    return true
end
--- Releases the retired nodes without requests. Costs nothing if there are none. Phases: any but init.
local function release_retired(registry)
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
____exports.release_retired = release_retired
--- Good answers of the node so far, to all workers, including those before a reload. Phases: any.
local function answered(node)
    return shared_memory_total(node.region, node.answered_slot)
end
____exports.answered = answered
--- Counts a request that is sent to the node. Phases: balancer.
-- 
-- @param now without it, the node counts as active until it gets a request with a time
local function start(node, now)
    if now == nil then
        now = NO_TIME
    end
    local common = node.region.common
    if not (now - node.active[0] < ACTIVE_SECONDS) then
        node.active[0] = now
    end
    if not (now - common[shared_memory_LAST_ACTIVE] < ACTIVE_SECONDS) then
        common[shared_memory_LAST_ACTIVE] = now
    end
    shared_memory_add(node.region, node.in_flight_slot, 1)
    shared_memory_add(node.region, node.load_slot, 1)
end
____exports.start = start
--- Whether any node got a request in the last so many seconds. Phases: any.
local function is_any_active(registry, now, seconds)
    return not (now - registry.region.common[shared_memory_LAST_ACTIVE] > seconds)
end
____exports.is_any_active = is_any_active
--- Whether the node got no request in the last so many seconds. Phases: any.
local function is_quiet(node, now, seconds)
    return now - node.active[0] > seconds
end
____exports.is_quiet = is_quiet
local function count_done(node, well)
    shared_memory_add(node.region, node.load_slot, -1)
    if well then
        shared_memory_add(node.region, node.done_slot, 1)
    end
end
--- Counts a request as done, by the `signal` of its upstream, although its answer goes on. Phases: header_filter.
local function note_done(node)
    count_done(node, true)
end
____exports.note_done = note_done
--- Counts the end of a request. `is_done`: whether `note_done` was called for it. Phases: balancer, log.
local function finish(node, outcome, is_done)
    if is_done == nil then
        is_done = false
    end
    shared_memory_add(node.region, node.in_flight_slot, -1)
    if outcome == "ok" then
        shared_memory_add(node.region, node.answered_slot, 1)
    end
    if not is_done then
        count_done(node, outcome == "ok")
    end
    metric_handles_add(node.outcomes[outcome])
end
____exports.finish = finish
--- Counts an answer that upgraded the connection, to a WebSocket for example: it stays in flight, and no longer counts as load.
-- Phases: header_filter, log.
local function note_upgraded(node)
    count_done(node, false)
    shared_memory_add(node.region, node.answered_slot, 1)
end
____exports.note_upgraded = note_upgraded
--- Counts the end of an upgraded connection. Phases: log.
local function finish_upgraded(node)
    shared_memory_add(node.region, node.in_flight_slot, -1)
    node.outcomes.ok:inc()
end
____exports.finish_upgraded = finish_upgraded
--- Requests that are not done, by the `signal` of their upstreams, from all workers. Phases: any.
local function load(node)
    return shared_memory_total(node.region, node.load_slot)
end
____exports.load = load
--- Requests that were answered well, by the `signal` of their upstreams, including those before a reload. Phases: any.
local function done(node)
    return shared_memory_total(node.region, node.done_slot)
end
____exports.done = done
return ____exports
