local ____exports = {}
local NOT_MODIFIED = 304
local CLIENT_CLOSED_REQUEST = 499
local known = {}
local function judge(status)
    if status == nil or status == CLIENT_CLOSED_REQUEST then
        return "neutral"
    end
    if status >= 500 then
        return "failed"
    end
    return status < 400 and status ~= NOT_MODIFIED and "ok" or "neutral"
end
--- The outcome of a try, from its part of `$upstream_status`; "-" or nothing means that the client left first. Whether the
-- node said that it is busy, `busy_statuses` knows.
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
--- Whether a neutral outcome comes from an answer of the node: 304 or 4xx, but not a client that left.
function ____exports.is_of_node(status)
    local number = tonumber(status)
    return number ~= nil and number < 500 and number ~= CLIENT_CLOSED_REQUEST
end
return ____exports
