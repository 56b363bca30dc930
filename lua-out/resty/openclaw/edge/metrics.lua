local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local usages = require("resty.openclaw.edge.store.usage")
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
--- A gauge with the labels `route` and `state`.
local function collect_states(registry, name, help, shown, states)
    local function emit_all(emit)
        for ____, ____value in ipairs(shown) do
            local route = ____value.route
            local usage = ____value.usage
            for ____, reading in ipairs(states) do
                local state, figure = unpack(reading, 1, 2)
                emit(
                    metric_registry.label_text({"route", "state"}, {route, state}),
                    figure(usage)
                )
            end
        end
    end
    metric_registry.collect(registry, {name = name, kind = "gauge", help = help, collect = emit_all})
end
local function collect(registry, shown)
    local jobs_help = "Jobs that wait (pending), stored responses (done), and jobs that ended without a response (failed)."
    collect_states(
        registry,
        "openclaw_edge_jobs",
        jobs_help,
        shown,
        {{"pending", usages.jobs}, {"done", usages.responses}, {"failed", usages.failed}}
    )
    local bytes_help = "Bytes on the disk of jobs that wait (pending), and of stored responses (done)."
    collect_states(
        registry,
        "openclaw_edge_store_bytes",
        bytes_help,
        shown,
        {{"pending", usages.bytes}, {"done", usages.response_bytes}}
    )
    metric_registry.collect(
        registry,
        {
            name = "openclaw_edge_oldest_seconds",
            kind = "gauge",
            help = "Seconds for which the oldest job has waited.",
            collect = function(emit)
                for ____, ____value in ipairs(shown) do
                    local route = ____value.route
                    local usage = ____value.usage
                    emit(
                        metric_registry.label_text({"route"}, {route}),
                        usages.oldest_seconds(usage)
                    )
                end
            end
        }
    )
end
local function show(registry, one)
    local known = shown_by_registry[registry]
    if known ~= nil then
        known[#known + 1] = one
        return
    end
    local shown = {one}
    shown_by_registry[registry] = shown
    collect(registry, shown)
end
--- The metrics of one route. Phases: init.
function ____exports.open(registry, route, usage)
    show(registry, {route = route, usage = usage})
    local jobs = metric_registry.counter(registry, "openclaw_edge_jobs_total", "Jobs by result.", {"route", "result"})
    local refusals = metric_registry.counter(registry, "openclaw_edge_refusals_total", "Requests that were not stored as jobs, by reason.", {"route", "reason"})
    local deliveries = metric_registry.counter(registry, "openclaw_edge_deliveries_total", "Attempts to deliver a job, by outcome.", {"route", "outcome"})
    local callbacks = metric_registry.counter(registry, "openclaw_edge_callbacks_total", "Attempts to send a callback, by outcome.", {"route", "outcome"})
    local dropped = metric_registry.counter(registry, "openclaw_edge_answers_dropped_total", "Responses to jobs that were dropped as the disk was full.", {"route"})
    return {
        jobs = counters(jobs, route, RESULTS),
        deliveries = counters(deliveries, route, OUTCOMES),
        callbacks = counters(callbacks, route, CALLBACK_OUTCOMES),
        refusals = counters(refusals, route, REASONS),
        dropped = dropped:labels(route)
    }
end
return ____exports
