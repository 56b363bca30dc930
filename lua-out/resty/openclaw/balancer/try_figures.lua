local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
local DIGIT_ZERO = 48
--- The handles for the tries at a node. Phases: any.
local function create(registry, upstream, address)
    local tries = metric_registry.counter(registry, "openclaw_upstream_tries_total", "Tries at a node for an upstream; a request that was retried counts at each node it came to.", {"upstream", "node"})
    local answers = metric_registry.counter(registry, "openclaw_upstream_answers_total", "Tries at a node for an upstream that have ended, by class of status.", {"upstream", "node", "status"})
    local seconds = metric_registry.histogram(registry, "openclaw_upstream_try_duration_seconds", "What a try at a node for an upstream took, connecting included.", {"upstream", "node"})
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
