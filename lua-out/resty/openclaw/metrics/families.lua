local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_lower = string.lower
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local metric_registry_histogram = metric_registry.histogram
--- All values of `$upstream_cache_status`: ngx_http_cache_status in nginx's ngx_http_upstream.c.
local CACHE_STATUSES = {
    "MISS",
    "BYPASS",
    "EXPIRED",
    "STALE",
    "UPDATING",
    "REVALIDATED",
    "HIT"
}
local LABELS = {"route", "variant"}
local LABELS_WITH_STATUS = {"route", "variant", "status"}
local LABELS_WITH_CAUSE = {"route", "variant", "status", "cause"}
local function counter(registry, name, help, labels)
    return metric_registry_counter(registry, name, help, labels)
end
local function histogram(registry, name, help, bounds)
    return metric_registry_histogram(
        registry,
        name,
        help,
        LABELS,
        bounds
    )
end
--- The families. Phases: init.
local function create(registry, bounds)
    return {
        registry = registry,
        requests = counter(registry, "openclaw_requests_total", "Requests, by class of status.", LABELS_WITH_STATUS),
        errors = counter(registry, "openclaw_request_errors_total", "Requests answered with 4xx or 5xx: refused by a limit or a waiting room, or for another cause.", LABELS_WITH_CAUSE),
        duration = histogram(registry, "openclaw_request_duration_seconds", "From the first byte of a request to the last byte of its answer.", bounds),
        first_byte = histogram(registry, "openclaw_request_first_byte_seconds", "From the first byte of a request to the first byte of its answer.", bounds),
        upstream = histogram(registry, "openclaw_upstream_duration_seconds", "What the node that was tried last took for its answer, connecting included.", bounds),
        cache = counter(registry, "openclaw_cache_requests_total", "Requests to a route with a cache, by what it did.", LABELS_WITH_STATUS),
        saved = counter(registry, "openclaw_cache_saved_seconds_total", "Time by which answers from the cache were quicker than nodes have lately been.", LABELS),
        saved_bytes = counter(registry, "openclaw_cache_saved_bytes_total", "Size of all answers from the cache, headers included.", LABELS),
        request_bytes = counter(registry, "openclaw_request_bytes_total", "Size of all requests, headers included.", LABELS),
        response_bytes = counter(registry, "openclaw_response_bytes_total", "Size of all answers, headers included.", LABELS)
    }
end
____exports.new = create
--- The handles for a route and a variant. Phases: any.
local function bind(of, route, variant)
    local requests = {}
    for digit = 1, 5 do
        requests[digit] = of.requests:labels(
            route,
            variant,
            tostring(digit) .. "xx"
        )
    end
    local refused = {}
    local other_errors = {}
    for digit = 4, 5 do
        refused[digit] = of.errors:labels(
            route,
            variant,
            tostring(digit) .. "xx",
            "refused"
        )
        other_errors[digit] = of.errors:labels(
            route,
            variant,
            tostring(digit) .. "xx",
            "other"
        )
    end
    local cache = {}
    for ____, status in ipairs(CACHE_STATUSES) do
        cache[status] = of.cache:labels(
            route,
            variant,
            string_lower(status)
        )
    end
    return {
        requests = requests,
        other_requests = of.requests:labels(route, variant, "other"),
        refused = refused,
        other_errors = other_errors,
        duration = of.duration:labels(route, variant),
        first_byte = of.first_byte:labels(route, variant),
        upstream = of.upstream:labels(route, variant),
        cache = cache,
        saved = of.saved:labels(route, variant),
        saved_bytes = of.saved_bytes:labels(route, variant),
        request_bytes = of.request_bytes:labels(route, variant),
        response_bytes = of.response_bytes:labels(route, variant),
        name = (route .. " ") .. variant,
        node_seconds = nil
    }
end
____exports.bind = bind
return ____exports
