local ____exports = {}
local math_max = math.max
local health_state = require("resty.openclaw.balancer.health_check.health_state")
local health_state_is_down = health_state.is_down
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_is_ejected = outlier_detection.is_ejected
local outlier_detection_seconds_busy = outlier_detection.seconds_busy
local outlier_detection_seconds_ejected = outlier_detection.seconds_ejected
--- All reasons. If several apply, the first one is shown.
local REASONS = {"draining", "failed_checks", "failed_requests", "busy"}
____exports.REASONS = REASONS
--- Why a peer is left out, one of `REASONS`; nothing if it is not. Phases: any.
local function reason(peer, now)
    if peer.is_draining then
        return "draining"
    end
    if health_state_is_down(peer.checks) then
        return "failed_checks"
    end
    if outlier_detection_seconds_ejected(peer.record, now) > 0 then
        return "failed_requests"
    end
    if outlier_detection_seconds_busy(peer.record, now) > 0 then
        return "busy"
    end
    return outlier_detection_is_ejected(peer.record) and "failed_requests" or nil
end
____exports.reason = reason
--- In how many seconds a peer may get requests again; nothing if that does not depend on time. Phases: any.
local function seconds(peer, now)
    local why = reason(peer, now)
    if why == "busy" then
        return outlier_detection_seconds_busy(peer.record, now)
    end
    if why ~= "failed_requests" then
        return nil
    end
    return (math_max(
        outlier_detection_seconds_ejected(peer.record, now),
        outlier_detection_seconds_busy(peer.record, now)
    ))
end
____exports.seconds = seconds
return ____exports
