local ____exports = {}
local TOO_MANY_REQUESTS = 429
local CLIENT_CLOSED_REQUEST = 499
local known = {}
local function judge(status)
    if status == nil or status == CLIENT_CLOSED_REQUEST then
        return "neutral"
    end
    if status >= 500 or status == TOO_MANY_REQUESTS then
        return "failed"
    end
    return status < 400 and "ok" or "neutral"
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
return ____exports
