local ____exports = {}
local ffi = require("ffi")
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local clock = require("resty.openclaw.core.time.clock")
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local nodes = require("resty.openclaw.balancer.node")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local try_figures = require("resty.openclaw.balancer.try_figures")
local warm_start = require("resty.openclaw.balancer.warm_start")
--- The number of slow starts so far.
local STARTS = 0
--- How many requests the node had answered when the last one began.
local ANSWERED = 1
local SLOW_START_SLOTS = 2
--- The slots of its row; the first one counts its holders.
local ROW_SLOTS = 1 + outlier_detection.SLOTS + health_state.SLOTS + SLOW_START_SLOTS + warm_start.SLOTS
--- During a slow start, the in-flight limit of a peer is this plus the number of its answers so far.
local SLOW_START_IN_FLIGHT = 4
--- A slow start ends after so many answers.
local SLOW_START_ANSWERS = 100
--- Begins a slow start of a peer that is new, or was down. All workers forget what they have learned of it. Phases: any.
function ____exports.begin_slow_start(peer)
    peer.slow_start[ANSWERED] = nodes.answered(peer.node)
    peer.slow_start[STARTS] = peer.slow_start[STARTS] + 1
    outlier_detection.reset(peer.record)
end
--- A peer, with nothing learned. Phases: any. On failure nil and why: there is no shared memory left.
-- 
-- @param is_checked whether there are health checks, which may mark it as up again
local function create(registry, upstream, node, is_checked)
    local region = registry.region
    local name = try_figures.row_name(upstream, node.address)
    local row, err = held_rows.take(
        region,
        name,
        ROW_SLOTS,
        0,
        clock.now()
    )
    if row == nil then
        return nil, err
    end
    local record = region.common + (row.slot + 1)
    local checks = record + outlier_detection.SLOTS
    local slow_start = checks + health_state.SLOTS
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
        figures = try_figures.new(registry, upstream, node.address),
        learned = nil,
        tried_in = 0,
        upstream = nil
    }
    nodes.join(node)
    if peer.slow_start[STARTS] == 0 then
        ____exports.begin_slow_start(peer)
    end
    if not is_checked then
        ffi.fill(checks, health_state.SLOTS * 8)
    end
    return peer
end
____exports.new = create
--- Holds the memory of a peer for this worker. False if another peer has it by now, which a reload may cause. Phases: any.
function ____exports.hold(peer)
    local region = peer.node.region
    local ____temp_0
    if ngx.get_phase() == "init" then
        ____temp_0 = held_rows.is_current(region, peer.row)
    else
        ____temp_0 = held_rows.hold(region, peer.row)
    end
    local is_its = ____temp_0
    return is_its and nodes.hold(peer.node)
end
--- Whether the peer and its node still have their memory. Phases: any.
function ____exports.is_current(peer)
    return held_rows.is_current(peer.node.region, peer.row) and nodes.is_current(peer.node)
end
--- Releases the memory of a retired peer; false while this worker has requests there. Phases: any but init.
function ____exports.release(registry, peer)
    if peer.requests > 0 then
        return false
    end
    held_rows.release(peer.node.region, peer.row)
    nodes.leave(registry, peer.node)
    return true
end
--- Whether the peer had a slow start since this worker last asked. Phases: any.
function ____exports.has_restarted(peer)
    local starts = peer.slow_start[STARTS]
    if starts == peer.known_start then
        return false
    end
    peer.known_start = starts
    peer.is_in_slow_start = true
    return true
end
--- Whether a peer in a slow start has reached its in-flight limit. Phases: any.
function ____exports.is_at_slow_start_limit(peer)
    if not peer.is_in_slow_start then
        return false
    end
    local answered = nodes.answered(peer.node) - peer.slow_start[ANSWERED]
    if answered >= SLOW_START_ANSWERS then
        peer.is_in_slow_start = false
    end
    return peer.is_in_slow_start and nodes.in_flight(peer.node) >= SLOW_START_IN_FLIGHT + answered
end
--- Its state, as the API and the metrics show it. Phases: any.
function ____exports.state(peer, now)
    if peer.is_draining then
        return "draining"
    end
    if health_state.is_down(peer.checks) or outlier_detection.seconds_ejected(peer.record, now) > 0 then
        return "down"
    end
    if outlier_detection.seconds_busy(peer.record, now) > 0 then
        return "busy"
    end
    return outlier_detection.is_ejected(peer.record) and "half_open" or "healthy"
end
--- Seconds until the peer may get requests again; 0 if it may get them now. Phases: any.
function ____exports.seconds_left(peer, now)
    return math.max(
        outlier_detection.seconds_ejected(peer.record, now),
        outlier_detection.seconds_busy(peer.record, now)
    )
end
return ____exports
