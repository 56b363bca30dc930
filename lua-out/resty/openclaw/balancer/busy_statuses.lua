local ____exports = {}
local retry_after = require("resty.openclaw.core.http.retry_after")
local SERVICE_UNAVAILABLE = 503
--- From here on a status is a failure, unless the node says when to come again.
local LOWEST_FAILURE = 500
--- The statuses where the option `busy_statuses` is not given.
____exports.DEFAULTS = {SERVICE_UNAVAILABLE}
--- Whether an answer says that its node has no room. One of 5xx does only with a legal `Retry-After`: without, the node
-- may have failed, which `failure_statuses` knows. Phases: any.
-- 
-- @param given the answer's Retry-After; looked at only where the status may be one
function ____exports.is_busy(known, status, given)
    local number = known[status]
    if number == nil then
        return false
    end
    return number < LOWEST_FAILURE or retry_after.seconds(given) ~= nil
end
--- Whether an answer with this status may say that its node has no room. Phases: any.
function ____exports.may_be_busy(known, status)
    return known[status] ~= nil
end
return ____exports
