local ____exports = {}
local ejection = require("resty.openclaw.balancer.ejection")
local verdicts = require("resty.openclaw.balancer.health_check.verdicts")
--- All of them, in the order in which the first that holds is told.
____exports.REASONS = {"draining", "failed_checks", "failed_requests", "busy"}
--- Why a peer is left out, in the words of `REASONS`; nothing where it is not. Phases: any.
function ____exports.reason(peer, now)
    if peer.is_draining then
        return "draining"
    end
    if verdicts.is_down(peer.checks) then
        return "failed_checks"
    end
    if ejection.seconds_ejected(peer.record, now) > 0 then
        return "failed_requests"
    end
    if ejection.seconds_busy(peer.record, now) > 0 then
        return "busy"
    end
    return ejection.is_ejected(peer.record) and "failed_requests" or nil
end
--- In how many seconds a peer may get requests again; nothing where that is not a matter of time. Phases: any.
function ____exports.seconds(peer, now)
    local why = ____exports.reason(peer, now)
    if why == "busy" then
        return ejection.seconds_busy(peer.record, now)
    end
    if why ~= "failed_requests" then
        return nil
    end
    return math.max(
        ejection.seconds_ejected(peer.record, now),
        ejection.seconds_busy(peer.record, now)
    )
end
return ____exports
