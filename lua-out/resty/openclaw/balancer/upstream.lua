local ____exports = {}
local choice = require("resty.openclaw.balancer.choice")
local failover = require("resty.openclaw.balancer.failover")
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local membership_of = require("resty.openclaw.balancer.membership")
--- Updates the list of peers, if it has changed. Phases: any.
function ____exports.refresh(upstream)
    if not membership_of.has_changed(upstream.membership) then
        return
    end
    local peers = membership_of.peers(upstream.membership)
    for ____, peer in ipairs(peers) do
        peer.upstream = upstream
    end
    choice.set_peers(upstream.pool, peers)
end
--- Whether requests go to the fallback at once. Phases: any.
function ____exports.is_degraded(upstream)
    return upstream.fallback ~= nil and failover.is_active(upstream.failover)
end
--- Whether any node may get requests, up or down, those of the fallback included. Phases: any.
function ____exports.has_nodes(upstream)
    ____exports.refresh(upstream)
    if upstream.pool.members > 0 then
        return true
    end
    return upstream.fallback ~= nil and ____exports.has_nodes(upstream.fallback)
end
--- Whether health checks have marked every node as down, those of the fallback too. Draining nodes do not count. Phases: any.
function ____exports.is_cut(upstream)
    ____exports.refresh(upstream)
    for ____, peer in ipairs(upstream.pool.peers) do
        if not peer.is_draining and not health_state.is_down(peer.checks) then
            return false
        end
    end
    return upstream.fallback == nil or ____exports.is_cut(upstream.fallback)
end
return ____exports
