local ____exports = {}
local ipairs = ipairs
local choice = require("resty.openclaw.balancer.choice")
local choice_set_peers = choice.set_peers
local failover = require("resty.openclaw.balancer.failover")
local failover_is_active = failover.is_active
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local health_state_is_down = health_state.is_down
local membership_of = require("resty.openclaw.balancer.membership")
local membership_of_has_changed = membership_of.has_changed
local membership_of_peers = membership_of.peers
--- Updates the list of peers, if it has changed. Phases: any.
local function refresh(upstream)
    if not membership_of_has_changed(upstream.membership) then
        return
    end
    local peers = membership_of_peers(upstream.membership)
    for ____, peer in ipairs(peers) do
        peer.upstream = upstream
    end
    choice_set_peers(upstream.pool, peers)
end
____exports.refresh = refresh
--- Whether requests go to the fallback at once. Phases: any.
local function is_degraded(upstream)
    return upstream.fallback ~= nil and failover_is_active(upstream.failover)
end
____exports.is_degraded = is_degraded
--- Whether any node may get requests, up or down, those of the fallback included. Phases: any.
local function has_nodes(upstream)
    refresh(upstream)
    if upstream.pool.members > 0 then
        return true
    end
    return upstream.fallback ~= nil and has_nodes(upstream.fallback)
end
____exports.has_nodes = has_nodes
local function is_up(peer)
    return not peer.is_draining and not health_state_is_down(peer.checks)
end
--- Whether health checks have marked every node as down, those of the fallback too. Draining nodes do not count. Phases: any.
local function is_cut(upstream)
    refresh(upstream)
    local peers = upstream.pool.peers
    if #peers > 0 and is_up(peers[1]) then
        return false
    end
    for ____, peer in ipairs(peers) do
        if is_up(peer) then
            return false
        end
    end
    return upstream.fallback == nil or is_cut(upstream.fallback)
end
____exports.is_cut = is_cut
return ____exports
