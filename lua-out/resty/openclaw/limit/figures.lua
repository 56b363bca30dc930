local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
--- The counters of a limit, all of which are shown from the start. Phases: init.
local function of(registry, route, limit)
    local family = metric_registry_counter(registry, "openclaw_limit_requests_total", "Requests that a limit counted, by result.", {"route", "limit", "result"})
    return {
        ok = family:labels(route, limit, "ok"),
        delayed = family:labels(route, limit, "delayed"),
        refused = family:labels(route, limit, "refused"),
        dry_run = family:labels(route, limit, "dry_run"),
        failed = family:labels(route, limit, "failed")
    }
end
____exports.of = of
--- The counters of a token budget, all of which are shown from the start. Phases: init.
local function of_tokens(registry, route, limit)
    local family = metric_registry_counter(registry, "openclaw_limit_tokens_total", "Tokens of budgets: reserved before requests, used by them, and returned after them.", {"route", "limit", "kind"})
    return {
        reserved = family:labels(route, limit, "reserved"),
        used = family:labels(route, limit, "used"),
        returned = family:labels(route, limit, "returned")
    }
end
____exports.of_tokens = of_tokens
return ____exports
