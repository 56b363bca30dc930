local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local DIGIT_ZERO = 48
--- The prefix of the name of a peer's row.
local ROW = "upstream peer "
local TRIES = "openclaw_upstream_tries_total"
local ANSWERS = "openclaw_upstream_answers_total"
local SECONDS = "openclaw_upstream_try_duration_seconds"
local CHECKS = "openclaw_health_checks_total"
local STATUSES = {
    "1xx",
    "2xx",
    "3xx",
    "4xx",
    "5xx",
    "other"
}
local RESULTS = {"pass", "fail", "busy"}
--- The name of the row of a peer, which `forget` parses. Phases: any.
function ____exports.row_name(upstream, address)
    return ((ROW .. upstream) .. "\0") .. address
end
--- Removes the series of the peer whose row had this name. Phases: any, in one process at a time.
function ____exports.forget(registry, row)
    local middle = string.find(row, "\0", 1, true)
    if middle == nil or string.sub(row, 1, #ROW) ~= ROW then
        return
    end
    local upstream = string.sub(row, #ROW + 1, middle - 1)
    local address = string.sub(row, middle + 1)
    metric_registry.forget(registry, TRIES, upstream, address)
    metric_registry.forget(registry, SECONDS, upstream, address)
    for ____, status in ipairs(STATUSES) do
        metric_registry.forget(
            registry,
            ANSWERS,
            upstream,
            address,
            status
        )
    end
    for ____, result in ipairs(RESULTS) do
        metric_registry.forget(
            registry,
            CHECKS,
            upstream,
            address,
            result
        )
    end
end
--- The handles for the tries at a node. Phases: any.
local function create(registry, upstream, address)
    local tries = metric_registry.counter(registry, TRIES, "Tries at a node for an upstream; a request that was retried counts at each node it came to.", {"upstream", "node"})
    local answers = metric_registry.counter(registry, ANSWERS, "Tries at a node for an upstream that have ended, by class of status.", {"upstream", "node", "status"})
    local seconds = metric_registry.histogram(registry, SECONDS, "What a try at a node for an upstream took, connecting included.", {"upstream", "node"})
    local by_digit = {}
    for digit = 1, 5 do
        by_digit[DIGIT_ZERO + digit] = answers:labels(
            upstream,
            address,
            tostring(digit) .. "xx"
        )
    end
    return {
        sent = tries:labels(upstream, address),
        answers = by_digit,
        other_answers = answers:labels(upstream, address, "other"),
        seconds = seconds:labels(upstream, address)
    }
end
____exports.new = create
--- Counts a try that has ended. `status`: its part of `$upstream_status`; `seconds`: its part of
-- `$upstream_response_time`, where it has one. Phases: balancer, log.
function ____exports.count(figures, status, seconds)
    (figures.answers[string.byte(status)] or figures.other_answers):inc()
    if seconds ~= nil then
        figures.seconds:observe(seconds)
    end
end
return ____exports
