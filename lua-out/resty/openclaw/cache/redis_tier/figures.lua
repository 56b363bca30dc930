local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
--- The counters of a route, all of which are shown from the start. Phases: init.
local function of(registry, route)
    local questions = metric_registry_counter(registry, "openclaw_cache_redis_questions_total", "Requests that looked for their answer in Redis, by result.", {"route", "result"})
    local writes = metric_registry_counter(registry, "openclaw_cache_redis_writes_total", "Answers that were to be written to Redis, by result.", {"route", "result"})
    return {
        questions = {
            hit = questions:labels(route, "hit"),
            miss = questions:labels(route, "miss"),
            failed = questions:labels(route, "failed"),
            skipped = questions:labels(route, "skipped")
        },
        writes = {
            written = writes:labels(route, "written"),
            failed = writes:labels(route, "failed"),
            skipped = writes:labels(route, "skipped"),
            dropped = writes:labels(route, "dropped"),
            too_large = writes:labels(route, "too_large")
        }
    }
end
____exports.of = of
return ____exports
