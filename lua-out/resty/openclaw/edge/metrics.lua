local ____exports = {}
local ipairs = ipairs
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local usages = require("resty.openclaw.edge.store.usage")
local usages_oldest_seconds = usages.oldest_seconds
local RESULTS = {
    "accepted",
    "delivered",
    "failed",
    "expired",
    "refused"
}
local OUTCOMES = {
    "answered",
    "again",
    "no_answer",
    "link_down",
    "unanswered",
    "refused",
    "stale",
    "not_sent"
}
local CALLBACK_OUTCOMES = {"sent", "again", "failed"}
local REASONS = {
    "method",
    "no_body",
    "too_large",
    "header",
    "bad_callback",
    "store_full",
    "client_full",
    "not_stored"
}
local shown_by_registry = {}
local function counters(family, route, words)
    local made = {}
    for ____, word in ipairs(words) do
        made[word] = family:labels(route, word)
    end
    return made
end
--- Adds a gauge with the labels `route` and `state`.
local function show_states(registry, name, help, shown, states)
    gauges_of(
        registry,
        name,
        help,
        {"route", "state"},
        function(sample)
            for ____, ____value in ipairs(shown) do
                local route = ____value.route
                local usage = ____value.usage
                for ____, reading in ipairs(states) do
                    local state, figure = unpack(reading, 1, 2)
                    sample(
                        figure(usage),
                        route,
                        state
                    )
                end
            end
        end
    )
end
--- Adds the gauges of stores.
local function show(registry, shown)
    local jobs_help = "Jobs that wait (pending), stored responses (done), and jobs that ended without a response (failed)."
    show_states(
        registry,
        "openclaw_edge_jobs",
        jobs_help,
        shown,
        {{"pending", usages.jobs}, {"done", usages.responses}, {"failed", usages.failed}}
    )
    local bytes_help = "Bytes on the disk of jobs that wait (pending), and of stored responses (done)."
    show_states(
        registry,
        "openclaw_edge_store_bytes",
        bytes_help,
        shown,
        {{"pending", usages.bytes}, {"done", usages.response_bytes}}
    )
    local oldest_help = "Seconds for which the oldest job has waited."
    gauges_of(
        registry,
        "openclaw_edge_oldest_seconds",
        oldest_help,
        {"route"},
        function(sample)
            for ____, ____value in ipairs(shown) do
                local route = ____value.route
                local usage = ____value.usage
                sample(
                    usages_oldest_seconds(usage),
                    route
                )
            end
        end
    )
end
--- The metrics of one route. Phases: init.
local function open(registry, route, usage)
    gauges_add(shown_by_registry, registry, {route = route, usage = usage}, show)
    local jobs = metric_registry_counter(registry, "openclaw_edge_jobs_total", "Jobs by result.", {"route", "result"})
    local refusals = metric_registry_counter(registry, "openclaw_edge_refusals_total", "Requests that were not stored as jobs, by reason.", {"route", "reason"})
    local deliveries = metric_registry_counter(registry, "openclaw_edge_deliveries_total", "Attempts to deliver a job, by outcome.", {"route", "outcome"})
    local callbacks = metric_registry_counter(registry, "openclaw_edge_callbacks_total", "Attempts to send a callback, by outcome.", {"route", "outcome"})
    local dropped = metric_registry_counter(registry, "openclaw_edge_answers_dropped_total", "Responses to jobs that were dropped as the disk was full.", {"route"})
    return {
        jobs = counters(jobs, route, RESULTS),
        deliveries = counters(deliveries, route, OUTCOMES),
        callbacks = counters(callbacks, route, CALLBACK_OUTCOMES),
        refusals = counters(refusals, route, REASONS),
        dropped = dropped:labels(route)
    }
end
____exports.open = open
return ____exports
