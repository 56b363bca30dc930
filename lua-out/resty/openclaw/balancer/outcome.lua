local ____exports = {}
local tonumber = tonumber
local NOT_MODIFIED = 304
local CLIENT_CLOSED_REQUEST = 499
local GATEWAY_TIMEOUT = 504
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
--- The outcome of a try, by its part of `$upstream_status`; "-" or nothing means that the client left first. See also
-- `busy_statuses`, and `of_answer` for the node's own answers.
local function of_status(status)
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
____exports.of_status = of_status
--- The outcome of a try that the node itself answered. `failures`: the statuses that count as failures.
local function of_answer(failures, status)
    local outcome = of_status(status)
    if outcome == "ok" or tonumber(status) == CLIENT_CLOSED_REQUEST then
        return outcome
    end
    return failures[status] ~= nil and "failed" or "neutral"
end
____exports.of_answer = of_answer
--- Whether a neutral outcome comes from an answer of the node, such as 304, 404 or 501, and not from a client that left or had a
-- short deadline.
local function is_of_node(status)
    local number = tonumber(status)
    return number ~= nil and number ~= CLIENT_CLOSED_REQUEST and number ~= GATEWAY_TIMEOUT
end
____exports.is_of_node = is_of_node
return ____exports
