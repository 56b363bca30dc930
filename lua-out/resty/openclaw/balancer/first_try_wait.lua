local ____exports = {}
local string_format = string.format
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_observe = metric_handles.observe
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_histogram = metric_registry.histogram
local request = require("resty.openclaw.core.request.request")
local request_seconds_taken = request.seconds_taken
local request_set_variable = request.set_variable
--- As the log formats of nginx/openclaw.conf have it.
local VARIABLE = "openclaw_queue_seconds"
--- Times are whole milliseconds; less than one is a rounding error.
local LEAST_SHOWN = 0.0005
--- The handle for an upstream. Phases: init.
local function create(registry, upstream)
    local family = metric_registry_histogram(registry, "openclaw_upstream_queue_seconds", "From the first byte of a request to the beginning of its first try.", {"upstream"})
    local handle = family:labels(upstream)
    return handle
end
____exports.new = create
--- Observes the wait of a request whose first try begins, and sets `$openclaw_queue_seconds`. Phases: balancer.
local function end_wait(waits)
    local seconds = request_seconds_taken()
    metric_handles_observe(waits, seconds)
    if seconds >= LEAST_SHOWN then
        request_set_variable(
            VARIABLE,
            string_format("%.3f", seconds)
        )
    end
end
____exports.end_wait = end_wait
return ____exports
