local ____exports = {}
local read = require("resty.openclaw.options")
local retry_after = require("resty.openclaw.retry_after")
local SERVICE_UNAVAILABLE = 503
local LOWEST_STATUS = 400
local HIGHEST_STATUS = 599
--- From here on a status is a failure, unless the node says when to come again.
local LOWEST_FAILURE = 500
local function with_status(owner, statuses, status)
    if type(status) ~= "number" or status % 1 ~= 0 or status < LOWEST_STATUS or status > HIGHEST_STATUS then
        read.refuse(owner, "busy_statuses", "a list of statuses from 400 to 599", status)
    end
    statuses[tostring(status)] = status
end
--- What the option `busy_statuses` says: 503 where it is not given. Raises when it is wrong. Phases: init.
function ____exports.statuses(owner, options)
    local ____options_busy_statuses_0 = options.busy_statuses
    if ____options_busy_statuses_0 == nil then
        ____options_busy_statuses_0 = {SERVICE_UNAVAILABLE}
    end
    local given = ____options_busy_statuses_0
    local found = {}
    if type(given) ~= "table" then
        read.refuse(owner, "busy_statuses", "a list of statuses from 400 to 599", given)
    end
    for ____, status in pairs(given) do
        with_status(owner, found, status)
    end
    return found
end
--- Whether an answer says that its node has no room. One of 5xx does only with a legal `Retry-After`: without, the node
-- has failed. Phases: any.
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
