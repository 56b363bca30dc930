local ____exports = {}
local ipairs = ipairs
local random = require("resty.openclaw.core.bytes.random")
local random_share = random.share
local clients = require("resty.openclaw.balancer.clients")
local clients_suspect = clients.suspect
local failover = require("resty.openclaw.balancer.failover")
local failover_failed = failover.failed
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_confirmed = outlier_detection.confirmed
local outlier_detection_end_probe = outlier_detection.end_probe
local outlier_detection_failed = outlier_detection.failed
local peer_of = require("resty.openclaw.balancer.peer")
local peer_of_is_current = peer_of.is_current
--- Counts a failure. `is_certain`: whether the peer certainly caused it. Phases: balancer, header_filter, log.
local function count(peer, now, is_certain)
    if not peer_of_is_current(peer) then
        return
    end
    local upstream = peer.upstream
    local ____is_certain_0
    if is_certain then
        ____is_certain_0 = nil
    else
        ____is_certain_0 = clients_suspect(upstream.clients, now)
    end
    local suspect = ____is_certain_0
    outlier_detection_failed(
        peer.record,
        now,
        random_share(),
        suspect
    )
    if upstream.policy.failed ~= nil then
        upstream.policy:failed(peer)
    end
end
____exports.count = count
--- Adds a try that had a connection and failed. Phases: balancer, log.
-- 
-- @param state nothing for a subrequest: its end is never reported
local function add(state, peer, now)
    local upstream = peer.upstream
    local known = state and state.failures
    if state == nil or known ~= nil and known.upstream ~= upstream and known.upstream.fallback ~= upstream then
        count(peer, now, false)
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
            count(peer, now, false)
        end
        return
    end
    local ____known_peers_3 = known.peers
    ____known_peers_3[#____known_peers_3 + 1] = peer
    if known.upstream ~= upstream then
        known.is_request_at_fault = true
    end
    if not known.is_deferred then
        count(peer, now, false)
    end
end
____exports.add = add
--- Whether the request has failed tries whose cause is not known yet. Phases: header_filter.
local function has(state)
    return state.failures ~= nil
end
____exports.has = has
--- Records that the request goes on to the fallback. False if it has no failed tries. Phases: balancer.
local function note_fallback(state, upstream)
    local known = state and state.failures
    if known == nil or known.upstream ~= upstream then
        return false
    end
    known.has_fallen_back = true
    return true
end
____exports.note_fallback = note_fallback
--- Records that a peer rejected the request, with a 4xx status for example. Phases: balancer, log.
local function note_rejected(state, peer)
    local known = state and state.failures
    if known ~= nil and known.upstream.fallback == peer.upstream then
        known.is_request_at_fault = true
    end
end
____exports.note_rejected = note_rejected
local function count_failed_over(known, now)
    if not known.has_fallen_back then
        return
    end
    local upstream = known.upstream
    failover_failed(
        upstream.failover,
        now,
        clients_suspect(upstream.clients, now)
    )
end
--- Counts the failures, as another peer of the same upstream has answered the request well.
local function confirm(known, good, now)
    for ____, peer in ipairs(known.peers) do
        if peer ~= good then
            if known.is_deferred then
                count(peer, now, true)
            elseif peer_of_is_current(peer) then
                outlier_detection_confirmed(
                    peer.record,
                    now,
                    random_share()
                )
            end
        end
    end
end
--- Counts the deferred failures of a request that ends. Phases: header_filter, log.
local function finish(state, now)
    local known = state.failures
    if known == nil then
        return
    end
    state.failures = nil
    if known.is_request_at_fault then
        for ____, peer in ipairs(known.peers) do
            if peer_of_is_current(peer) then
                outlier_detection_end_probe(peer.record)
            end
        end
        return
    end
    if known.is_deferred then
        for ____, peer in ipairs(known.peers) do
            count(peer, now, false)
        end
    end
    count_failed_over(known, now)
end
____exports.finish = finish
--- Records that a peer answers the request well. Phases: header_filter, log.
local function answered(state, peer, now)
    local known = state.failures
    if known == nil then
        return
    end
    if known.upstream ~= peer.upstream then
        known.is_request_at_fault = false
        finish(state, now)
        return
    end
    state.failures = nil
    confirm(known, peer, now)
end
____exports.answered = answered
return ____exports
