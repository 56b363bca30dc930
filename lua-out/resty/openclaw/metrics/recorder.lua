local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
local request = require("resty.openclaw.request")
local upstream_tries = require("resty.openclaw.upstream_tries")
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
--- Reads the last try's part of `$upstream_response_time`.
local function last_seconds(value)
    return tonumber(value) or tonumber(upstream_tries.last(value))
end
local function log(self)
    (self.requests[math.floor(request.status() / 100)] or self.other_requests):inc()
    self.duration:observe(request.seconds_taken())
    local upstream = request.variable("upstream_response_time")
    if upstream ~= nil then
        local seconds = last_seconds(upstream)
        if seconds ~= nil then
            self.upstream:observe(seconds)
        end
    end
    local cache = request.variable("upstream_cache_status")
    if cache ~= nil then
        local ____opt_0 = self.cache[cache]
        if ____opt_0 ~= nil then
            ____opt_0:inc()
        end
    end
    self.request_bytes:inc(request.whole_number("request_length"))
    self.response_bytes:inc(request.whole_number("bytes_sent"))
end
local metatable = {__index = {log = log}}
--- The built-in families. Phases: init.
function ____exports.families(registry, bounds)
    local ____metric_registry_2 = metric_registry
    local counter = ____metric_registry_2.counter
    local histogram = ____metric_registry_2.histogram
    return {
        requests = counter(registry, "openclaw_requests_total", "Requests, by class of status.", {"route", "status"}),
        duration = histogram(
            registry,
            "openclaw_request_duration_seconds",
            "From the first byte of a request to the last byte of its answer.",
            {"route"},
            bounds
        ),
        upstream = histogram(
            registry,
            "openclaw_upstream_duration_seconds",
            "What the node that was tried last took for its answer, connecting included.",
            {"route"},
            bounds
        ),
        cache = counter(registry, "openclaw_cache_requests_total", "Requests to a route with a cache, by what it did.", {"route", "status"}),
        request_bytes = counter(registry, "openclaw_request_bytes_total", "Size of all requests, headers included.", {"route"}),
        response_bytes = counter(registry, "openclaw_response_bytes_total", "Size of all answers, headers included.", {"route"})
    }
end
--- A route's recorder, its handles bound. Phases: init.
local function create(of, route)
    local requests = {}
    for digit = 1, 5 do
        requests[digit] = of.requests:labels(
            route,
            tostring(digit) .. "xx"
        )
    end
    local cache = {}
    for ____, status in ipairs(CACHE_STATUSES) do
        cache[status] = of.cache:labels(
            route,
            string.lower(status)
        )
    end
    local fields = {
        requests = requests,
        other_requests = of.requests:labels(route, "other"),
        duration = of.duration:labels(route),
        upstream = of.upstream:labels(route),
        cache = cache,
        request_bytes = of.request_bytes:labels(route),
        response_bytes = of.response_bytes:labels(route)
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
