local ____exports = {}
local choice = require("resty.openclaw.balancer.choice")
local degradation = require("resty.openclaw.balancer.degradation")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")
local membership_of = require("resty.openclaw.balancer.membership")
--- Follows changes of the list of peers. Phases: any.
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
    return upstream.fallback ~= nil and degradation.is_degraded(upstream.degradation)
end
--- Whether any node may get requests, be it up or down; the fallback's count. Phases: any.
function ____exports.has_nodes(upstream)
    ____exports.refresh(upstream)
    if upstream.pool.members > 0 then
        return true
    end
    return upstream.fallback ~= nil and ____exports.has_nodes(upstream.fallback)
end
--- Whether checks have found every node down that may get requests, or there is none; the fallback's count. Phases: any.
function ____exports.is_cut(upstream)
    ____exports.refresh(upstream)
    for ____, peer in ipairs(upstream.pool.peers) do
        if not peer.is_draining and not verdicts.is_down(peer.checks) then
            return false
        end
    end
    return upstream.fallback == nil or ____exports.is_cut(upstream.fallback)
end
return ____exports
