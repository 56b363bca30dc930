local ____exports = {}
local ffi = require("ffi")
local shared_memory = require("resty.openclaw.shared_memory")
local ejection = require("resty.openclaw.balancer.ejection")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")
local lessons = require("resty.openclaw.balancer.lesson")
local nodes = require("resty.openclaw.balancer.node")
local try_figures = require("resty.openclaw.balancer.try_figures")
local BEGINNINGS = 0
--- What the node had answered when the peer began.
local ANSWERED = 1
local BEGINNING_SLOTS = 2
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
    local count = ejection.SLOTS + verdicts.SLOTS + BEGINNING_SLOTS + lessons.SLOTS
    local slot, err = shared_memory.slot(region, (("peer " .. upstream) .. " ") .. node.address, count)
    if slot == nil then
        return nil, err
    end
    local record = region.common + slot
    local checks = record + ejection.SLOTS
    local beginning = checks + verdicts.SLOTS
    local peer = {
        node = node,
        weight = 1,
        is_draining = false,
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
    if peer.beginning[BEGINNINGS] == 0 then
        ____exports.begin_anew(peer)
    end
    if not is_checked then
        ffi.fill(checks, verdicts.SLOTS * 8)
    end
    return peer
end
____exports.new = create
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
