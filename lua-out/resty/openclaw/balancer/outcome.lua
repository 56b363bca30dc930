local ____exports = {}
local NOT_MODIFIED = 304
local TOO_MANY_REQUESTS = 429
local CLIENT_CLOSED_REQUEST = 499
local SERVICE_UNAVAILABLE = 503
local known = {}
local function judge(status)
    if status == nil or status == CLIENT_CLOSED_REQUEST then
        return "neutral"
    end
    if status == TOO_MANY_REQUESTS then
        return "busy"
    end
    if status >= 500 then
        return "failed"
    end
    return status < 400 and status ~= NOT_MODIFIED and "ok" or "neutral"
end
--- The outcome of a try, from its part of `$upstream_status`; "-" or nothing means that the client left first.
function ____exports.of_status(status)
    local before = known[status]
    if before ~= nil then
        return before
    end
    local outcome = judge(tonumber(status))
    if #status == 3 then
        known[status] = outcome
    end
    return outcome
end
--- As `of_status`, for a failure that came with `Retry-After`: with 503 that is a node without room, not a broken one.
function ____exports.with_retry_after(status)
    return tonumber(status) == SERVICE_UNAVAILABLE and "busy" or ____exports.of_status(status)
end
return ____exports
