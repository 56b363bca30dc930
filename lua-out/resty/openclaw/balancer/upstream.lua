local ____exports = {}
local choice = require("resty.openclaw.balancer.choice")
local degradation = require("resty.openclaw.balancer.degradation")
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
return ____exports
