local ____exports = {}
local retry_after = require("resty.openclaw.core.http.retry_after")
local retry_after_seconds = retry_after.seconds
local SERVICE_UNAVAILABLE = 503
--- From here on a status is a failure, unless the node says when to retry.
local LOWEST_FAILURE = 500
--- The default of the option `busy_statuses`.
local DEFAULTS = {SERVICE_UNAVAILABLE}
____exports.DEFAULTS = DEFAULTS
--- Whether an answer says that its node has no room. A 5xx does so only with a valid `Retry-After`; without one the node may have
-- failed, see `failure_statuses`. Phases: any.
-- 
-- @param given the answer's Retry-After
local function is_busy(known, status, given)
    local number = known[status]
    if number == nil then
        return false
    end
    return number < LOWEST_FAILURE or retry_after_seconds(given) ~= nil
end
____exports.is_busy = is_busy
--- Whether an answer with this status may say that its node has no room. Phases: any.
local function may_be_busy(known, status)
    return known[status] ~= nil
end
____exports.may_be_busy = may_be_busy
return ____exports
