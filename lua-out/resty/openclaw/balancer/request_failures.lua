local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
local clients = require("resty.openclaw.balancer.clients")
local failover = require("resty.openclaw.balancer.failover")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local peer_of = require("resty.openclaw.balancer.peer")
--- Counts a failure. `is_certain`: whether the peer certainly caused it. Phases: balancer, header_filter, log.
function ____exports.count(peer, now, is_certain)
    if not peer_of.is_current(peer) then
        return
    end
    local upstream = peer.upstream
    local ____is_certain_0
    if is_certain then
        ____is_certain_0 = nil
    else
        ____is_certain_0 = clients.suspect(upstream.clients, now)
    end
    local suspect = ____is_certain_0
    outlier_detection.failed(
        peer.record,
        now,
        random.share(),
        suspect
    )
    if upstream.policy.failed ~= nil then
        upstream.policy:failed(peer)
    end
end
--- Adds a try that had a connection and failed. Phases: balancer, log.
-- 
-- @param state nothing for a subrequest: its end is never reported
function ____exports.add(state, peer, now)
    local upstream = peer.upstream
    local known = state and state.failures
    if state == nil or known ~= nil and known.upstream ~= upstream and known.upstream.fallback ~= upstream then
        ____exports.count(peer, now, false)
        return
    end
    if known == nil then
        local is_deferred = upstream.fallback ~= nil
        state.failures = {
            upstream = upstream,
            peers = {peer},
            is_deferred = is_deferred,
            has_fallen_back = false,
            is_request_at_fault = false
        }
        if not is_deferred then
            ____exports.count(peer, now, false)
        end
        return
    end
    local ____known_peers_3 = known.peers
    ____known_peers_3[#____known_peers_3 + 1] = peer
    if known.upstream ~= upstream then
        known.is_request_at_fault = true
    end
    if not known.is_deferred then
        ____exports.count(peer, now, false)
    end
end
--- Whether the request has failed tries whose cause is not known yet. Phases: header_filter.
function ____exports.has(state)
    return state.failures ~= nil
end
--- Records that the request goes on to the fallback. False if it has no failed tries. Phases: balancer.
function ____exports.note_fallback(state, upstream)
    local known = state and state.failures
    if known == nil or known.upstream ~= upstream then
        return false
    end
    known.has_fallen_back = true
    return true
end
--- Records that a peer rejected the request, with a 4xx status for example. Phases: balancer, log.
function ____exports.note_rejected(state, peer)
    local known = state and state.failures
    if known ~= nil and known.upstream.fallback == peer.upstream then
        known.is_request_at_fault = true
    end
end
local function count_failed_over(known, now)
    if not known.has_fallen_back then
        return
    end
    local upstream = known.upstream
    failover.failed(
        upstream.failover,
        now,
        clients.suspect(upstream.clients, now)
    )
end
--- Counts the failures, as another peer of the same upstream has answered the request well.
local function confirm(known, good, now)
    for ____, peer in ipairs(known.peers) do
        if peer ~= good then
            if known.is_deferred then
                ____exports.count(peer, now, true)
            elseif peer_of.is_current(peer) then
                outlier_detection.confirmed(
                    peer.record,
                    now,
                    random.share()
                )
            end
        end
    end
end
--- Counts the deferred failures of a request that ends. Phases: header_filter, log.
function ____exports.finish(state, now)
    local known = state.failures
    if known == nil then
        return
    end
    state.failures = nil
    if known.is_request_at_fault then
        for ____, peer in ipairs(known.peers) do
            if peer_of.is_current(peer) then
                outlier_detection.end_probe(peer.record)
            end
        end
        return
    end
    if known.is_deferred then
        for ____, peer in ipairs(known.peers) do
            ____exports.count(peer, now, false)
        end
    end
    count_failed_over(known, now)
end
--- Records that a peer answers the request well. Phases: header_filter, log.
function ____exports.answered(state, peer, now)
    local known = state.failures
    if known == nil then
        return
    end
    if known.upstream ~= peer.upstream then
        known.is_request_at_fault = false
        ____exports.finish(state, now)
        return
    end
    state.failures = nil
    confirm(known, peer, now)
end
return ____exports
