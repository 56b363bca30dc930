local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_byte = string.byte
local string_find = string.find
local string_sub = string.sub
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local metric_handles_observe = metric_handles.observe
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_forget = metric_registry.forget
local metric_registry_histogram = metric_registry.histogram
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
local function row_name(upstream, address)
    return ((ROW .. upstream) .. "\0") .. address
end
____exports.row_name = row_name
--- Removes the series of the peer whose row had this name. Phases: any, in one process at a time.
local function forget(registry, row)
    local middle = string_find(row, "\0", 1, true)
    if middle == nil or string_sub(row, 1, #ROW) ~= ROW then
        return
    end
    local upstream = string_sub(row, #ROW + 1, middle - 1)
    local address = string_sub(row, middle + 1)
    metric_registry_forget(registry, TRIES, upstream, address)
    metric_registry_forget(registry, SECONDS, upstream, address)
    for ____, status in ipairs(STATUSES) do
        metric_registry_forget(
            registry,
            ANSWERS,
            upstream,
            address,
            status
        )
    end
    for ____, result in ipairs(RESULTS) do
        metric_registry_forget(
            registry,
            CHECKS,
            upstream,
            address,
            result
        )
    end
end
____exports.forget = forget
--- The handles for the tries at a node. Phases: any.
local function create(registry, upstream, address)
    local tries = metric_registry_counter(registry, TRIES, "Tries at a node for an upstream; a request that was retried counts at each node it came to.", {"upstream", "node"})
    local answers = metric_registry_counter(registry, ANSWERS, "Tries at a node for an upstream that have ended, by class of status.", {"upstream", "node", "status"})
    local seconds = metric_registry_histogram(registry, SECONDS, "What a try at a node for an upstream took, connecting included.", {"upstream", "node"})
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
local function count(figures, status, seconds)
    metric_handles_add(figures.answers[string_byte(status)] or figures.other_answers)
    if seconds ~= nil then
        metric_handles_observe(figures.seconds, seconds)
    end
end
____exports.count = count
return ____exports
