local ____exports = {}
local ffi = require("ffi")
local clock = require("resty.openclaw.core.time.clock")
local held_rows = require("resty.openclaw.core.memory.shared_memory.held_rows")
local ejection = require("resty.openclaw.balancer.ejection")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")
local lessons = require("resty.openclaw.balancer.lesson")
local nodes = require("resty.openclaw.balancer.node")
local try_figures = require("resty.openclaw.balancer.try_figures")
local BEGINNINGS = 0
--- What the node had answered when the peer began.
local ANSWERED = 1
local BEGINNING_SLOTS = 2
--- What its row has, first the slot for its holders.
local ROW_SLOTS = 1 + ejection.SLOTS + verdicts.SLOTS + BEGINNING_SLOTS + lessons.SLOTS
--- A peer that begins may hold so many requests more than it has answered,
local SLOW_START = 4
--- until it has answered so many.
local STARTED = 100
--- Notes that the peer begins anew: it is new, or was down. All workers load it with care and learn anew. Phases: any.
function ____exports.begin_anew(peer)
    peer.beginning[ANSWERED] = nodes.answered(peer.node)
    peer.beginning[BEGINNINGS] = peer.beginning[BEGINNINGS] + 1
    ejection.forgive(peer.record)
end
--- The peer of an upstream at a node, with nothing learned. Phases: any. On failure nil and why: there is no shared memory
-- left.
-- 
-- @param is_checked whether there are health checks that may say that it is up again
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
    local checks = record + ejection.SLOTS
    local beginning = checks + verdicts.SLOTS
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
        beginning = beginning,
        lesson = beginning + BEGINNING_SLOTS,
        known_beginning = 0,
        is_starting = false,
        figures = try_figures.new(registry, upstream, node.address),
        learned = nil,
        tried_in = 0,
        upstream = nil
    }
    nodes.join(node)
    if peer.beginning[BEGINNINGS] == 0 then
        ____exports.begin_anew(peer)
    end
    if not is_checked then
        ffi.fill(checks, verdicts.SLOTS * 8)
    end
    return peer
end
____exports.new = create
--- Whether this worker may use the peer, which it holds from now on; after a reload another may have its memory. Phases: any.
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
--- Whether the memory of the peer and its node is still their own. Phases: any.
function ____exports.is_current(peer)
    return held_rows.is_current(peer.node.region, peer.row) and nodes.is_current(peer.node)
end
--- Lets go of a peer that is no more in force; false while this worker has requests there. Phases: any but init.
function ____exports.let_go(registry, peer)
    if peer.requests > 0 then
        return false
    end
    held_rows.release(peer.node.region, peer.row)
    nodes.leave(registry, peer.node)
    return true
end
--- Whether the peer has begun anew since this worker last asked. Phases: any.
function ____exports.has_begun(peer)
    local beginnings = peer.beginning[BEGINNINGS]
    if beginnings == peer.known_beginning then
        return false
    end
    peer.known_beginning = beginnings
    peer.is_starting = true
    return true
end
--- Whether a peer that began lately has as much to do as it may for now. Phases: any.
function ____exports.is_loaded_enough(peer)
    if not peer.is_starting then
        return false
    end
    local answered = nodes.answered(peer.node) - peer.beginning[ANSWERED]
    if answered >= STARTED then
        peer.is_starting = false
    end
    return peer.is_starting and nodes.in_flight(peer.node) >= SLOW_START + answered
end
--- What an operator would call its state. Phases: any.
function ____exports.state(peer, now)
    if peer.is_draining then
        return "draining"
    end
    if verdicts.is_down(peer.checks) or ejection.seconds_ejected(peer.record, now) > 0 then
        return "down"
    end
    if ejection.seconds_busy(peer.record, now) > 0 then
        return "busy"
    end
    return ejection.is_ejected(peer.record) and "half_open" or "healthy"
end
--- Seconds until the peer may be sent requests again; 0 for one that may be now. Phases: any.
function ____exports.seconds_left(peer, now)
    return math.max(
        ejection.seconds_ejected(peer.record, now),
        ejection.seconds_busy(peer.record, now)
    )
end
return ____exports
