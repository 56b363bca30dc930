local ____exports = {}
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
--- All reasons. If several apply, the first one is shown.
____exports.REASONS = {"draining", "failed_checks", "failed_requests", "busy"}
--- Why a peer is left out, one of `REASONS`; nothing if it is not. Phases: any.
function ____exports.reason(peer, now)
    if peer.is_draining then
        return "draining"
    end
    if health_state.is_down(peer.checks) then
        return "failed_checks"
    end
    if outlier_detection.seconds_ejected(peer.record, now) > 0 then
        return "failed_requests"
    end
    if outlier_detection.seconds_busy(peer.record, now) > 0 then
        return "busy"
    end
    return outlier_detection.is_ejected(peer.record) and "failed_requests" or nil
end
--- In how many seconds a peer may get requests again; nothing if that does not depend on time. Phases: any.
function ____exports.seconds(peer, now)
    local why = ____exports.reason(peer, now)
    if why == "busy" then
        return outlier_detection.seconds_busy(peer.record, now)
    end
    if why ~= "failed_requests" then
        return nil
    end
    return math.max(
        outlier_detection.seconds_ejected(peer.record, now),
        outlier_detection.seconds_busy(peer.record, now)
    )
end
return ____exports
