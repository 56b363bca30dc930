local ____exports = {}
local math_huge = math.huge
local math_max = math.max
local ffi = require("ffi")
local ffi_fill = ffi.fill
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local held_rows_hold = held_rows.hold
local held_rows_is_current = held_rows.is_current
local held_rows_release = held_rows.release
local held_rows_take = held_rows.take
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local health_state_SLOTS = health_state.SLOTS
local health_state_is_down = health_state.is_down
local nodes = require("resty.openclaw.balancer.node")
local nodes_answered = nodes.answered
local nodes_hold = nodes.hold
local nodes_in_flight = nodes.in_flight
local nodes_is_current = nodes.is_current
local nodes_join = nodes.join
local nodes_leave = nodes.leave
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_SLOTS = outlier_detection.SLOTS
local outlier_detection_is_ejected = outlier_detection.is_ejected
local outlier_detection_reset = outlier_detection.reset
local outlier_detection_seconds_busy = outlier_detection.seconds_busy
local outlier_detection_seconds_ejected = outlier_detection.seconds_ejected
local try_figures = require("resty.openclaw.balancer.try_figures")
local try_figures_new = try_figures.new
local try_figures_row_name = try_figures.row_name
local warm_start = require("resty.openclaw.balancer.warm_start")
local warm_start_SLOTS = warm_start.SLOTS
--- The number of slow starts so far.
local STARTS = 0
--- How many requests the node had answered when the last one began.
local ANSWERED = 1
local SLOW_START_SLOTS = 2
--- The slots of its row; the first one counts its holders.
local ROW_SLOTS = 1 + outlier_detection_SLOTS + health_state_SLOTS + SLOW_START_SLOTS + warm_start_SLOTS
--- During a slow start, the in-flight limit of a peer is this plus the number of its answers so far.
local SLOW_START_IN_FLIGHT = 4
--- A slow start ends after so many answers.
local SLOW_START_ANSWERS = 100
--- Begins a slow start of a peer that is new, or was down. All workers forget what they have learned of it. Phases: any.
local function begin_slow_start(peer)
    peer.slow_start[ANSWERED] = nodes_answered(peer.node)
    peer.slow_start[STARTS] = peer.slow_start[STARTS] + 1
    outlier_detection_reset(peer.record)
end
____exports.begin_slow_start = begin_slow_start
--- A peer, with nothing learned. Phases: any. On failure nil and why: there is no shared memory left.
-- 
-- @param is_checked whether there are health checks, which may mark it as up again
local function create(registry, upstream, node, is_checked)
    local region = registry.region
    local name = try_figures_row_name(upstream, node.address)
    local row, err = held_rows_take(
        region,
        name,
        ROW_SLOTS,
        0,
        clock_now()
    )
    if row == nil then
        return nil, err
    end
    local record = region.common + (row.slot + 1)
    local checks = record + outlier_detection_SLOTS
    local slow_start = checks + health_state_SLOTS
    local peer = {
        node = node,
        row = row,
        requests = 0,
        weight = 1,
        is_draining = false,
        server_name = nil,
        host_header = "",
        record = record,
        checks = checks,
        slow_start = slow_start,
        warm_start = slow_start + SLOW_START_SLOTS,
        known_start = 0,
        is_in_slow_start = false,
        figures = try_figures_new(registry, upstream, node.address),
        learned = nil,
        tried_in = 0,
        upstream = nil
    }
    nodes_join(node)
    if peer.slow_start[STARTS] == 0 then
        begin_slow_start(peer)
    end
    if not is_checked then
        ffi_fill(checks, health_state_SLOTS * 8)
    end
    return peer
end
____exports.new = create
--- Holds the memory of a peer for this worker. False if another peer has it by now, which a reload may cause. Phases: any.
local function hold(peer)
    local region = peer.node.region
    local ____temp_0
    if ngx.get_phase() == "init" then
        ____temp_0 = held_rows_is_current(region, peer.row)
    else
        ____temp_0 = held_rows_hold(region, peer.row)
    end
    local is_its = ____temp_0
    return is_its and nodes_hold(peer.node)
end
____exports.hold = hold
--- Whether the peer and its node still have their memory. Phases: any.
local function is_current(peer)
    return held_rows_is_current(peer.node.region, peer.row) and nodes_is_current(peer.node)
end
____exports.is_current = is_current
--- Releases the memory of a retired peer; false while this worker has requests there. Phases: any but init.
local function release(registry, peer)
    if peer.requests > 0 then
        return false
    end
    held_rows_release(peer.node.region, peer.row)
    nodes_leave(registry, peer.node)
    return true
end
____exports.release = release
--- Whether the peer had a slow start since this worker last asked. Phases: any.
local function has_restarted(peer)
    local starts = peer.slow_start[STARTS]
    if starts == peer.known_start then
        return false
    end
    peer.known_start = starts
    peer.is_in_slow_start = true
    return true
end
____exports.has_restarted = has_restarted
--- The in-flight limit of a peer; infinity unless it is in a slow start. Phases: any.
local function slow_start_limit(peer)
    if not peer.is_in_slow_start then
        return math_huge
    end
    local answered = nodes_answered(peer.node) - peer.slow_start[ANSWERED]
    if answered >= SLOW_START_ANSWERS then
        peer.is_in_slow_start = false
    end
    return peer.is_in_slow_start and SLOW_START_IN_FLIGHT + answered or math_huge
end
____exports.slow_start_limit = slow_start_limit
--- Whether a peer in a slow start has reached its in-flight limit. Phases: any.
local function is_at_slow_start_limit(peer)
    return peer.is_in_slow_start and nodes_in_flight(peer.node) >= slow_start_limit(peer)
end
____exports.is_at_slow_start_limit = is_at_slow_start_limit
--- Its state, as the API and the metrics show it. Phases: any.
local function state(peer, now)
    if peer.is_draining then
        return "draining"
    end
    if health_state_is_down(peer.checks) or outlier_detection_seconds_ejected(peer.record, now) > 0 then
        return "down"
    end
    if outlier_detection_seconds_busy(peer.record, now) > 0 then
        return "busy"
    end
    return outlier_detection_is_ejected(peer.record) and "half_open" or "healthy"
end
____exports.state = state
--- Seconds until the peer may get requests again; 0 if it may get them now. Phases: any.
local function seconds_left(peer, now)
    return (math_max(
        outlier_detection_seconds_ejected(peer.record, now),
        outlier_detection_seconds_busy(peer.record, now)
    ))
end
____exports.seconds_left = seconds_left
return ____exports
