local ____exports = {}
local random = require("resty.openclaw.core.bytes.random")
local clients = require("resty.openclaw.balancer.clients")
local degradation = require("resty.openclaw.balancer.degradation")
local ejection = require("resty.openclaw.balancer.ejection")
local peer_of = require("resty.openclaw.balancer.peer")
--- Counts a failure. `is_certain`: whether nobody but the peer is to blame. Phases: balancer, header_filter, log.
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
    ejection.failed(
        peer.record,
        now,
        random.share(),
        suspect
    )
    if upstream.policy.failed ~= nil then
        upstream.policy:failed(peer)
    end
end
--- Notes a try that came to the node and failed; without a state for subrequests, of whose end nobody hears. Phases: balancer, log.
function ____exports.add(state, peer, now)
    local upstream = peer.upstream
    local known = state and state.failures
    if state == nil or known ~= nil and known.upstream ~= upstream and known.upstream.fallback ~= upstream then
        ____exports.count(peer, now, false)
        return
    end
    if known == nil then
        local wait = upstream.fallback ~= nil
        state.failures = {
            upstream = upstream,
            peers = {peer},
            wait = wait,
            went_on = false,
            is_to_blame = false
        }
        if not wait then
            ____exports.count(peer, now, false)
        end
        return
    end
    local ____known_peers_3 = known.peers
    ____known_peers_3[#____known_peers_3 + 1] = peer
    if known.upstream ~= upstream then
        known.is_to_blame = true
    end
    if not known.wait then
        ____exports.count(peer, now, false)
    end
end
--- Whether tries of the request have failed of which is not known yet what they say. Phases: header_filter.
function ____exports.has(state)
    return state.failures ~= nil
end
--- Notes that the request goes on from an upstream to its fallback; false when nothing waits for what that says. Phases: balancer.
function ____exports.goes_on(state, upstream)
    local known = state and state.failures
    if known == nil or known.upstream ~= upstream then
        return false
    end
    known.went_on = true
    return true
end
--- Notes that a peer has answered that something is wrong with the request. Phases: balancer, log.
function ____exports.called_wrong(state, peer)
    local known = state and state.failures
    if known ~= nil and known.upstream.fallback == peer.upstream then
        known.is_to_blame = true
    end
end
local function count_missed(known, now)
    if not known.went_on then
        return
    end
    local upstream = known.upstream
    degradation.missed(
        upstream.degradation,
        now,
        clients.suspect(upstream.clients, now)
    )
end
--- Counts what has waited, now that another peer of the same upstream has answered well.
local function confirm(known, good, now)
    for ____, peer in ipairs(known.peers) do
        if peer ~= good then
            if known.wait then
                ____exports.count(peer, now, true)
            elseif peer_of.is_current(peer) then
                ejection.confirmed(
                    peer.record,
                    now,
                    random.share()
                )
            end
        end
    end
end
--- Counts what is left to count of a request that ends. Phases: header_filter, log.
function ____exports.finish(state, now)
    local known = state.failures
    if known == nil then
        return
    end
    state.failures = nil
    if known.is_to_blame then
        for ____, peer in ipairs(known.peers) do
            if peer_of.is_current(peer) then
                ejection.told_nothing(peer.record)
            end
        end
        return
    end
    if known.wait then
        for ____, peer in ipairs(known.peers) do
            ____exports.count(peer, now, false)
        end
    end
    count_missed(known, now)
end
--- Notes that a peer answers the request well. Phases: header_filter, log.
function ____exports.answered(state, peer, now)
    local known = state.failures
    if known == nil then
        return
    end
    if known.upstream ~= peer.upstream then
        known.is_to_blame = false
        ____exports.finish(state, now)
        return
    end
    state.failures = nil
    confirm(known, peer, now)
end
return ____exports
