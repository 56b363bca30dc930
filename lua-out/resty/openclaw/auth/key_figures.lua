local ____exports = {}
local ipairs = ipairs
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local shown_by_registry = {}
local function show(registry, all)
    local function add(name, help, value_of)
        gauges_of(
            registry,
            name,
            help,
            {"route", "method"},
            function(sample)
                for ____, ____value in ipairs(all) do
                    local route = ____value.route
                    local method = ____value.method
                    local source = ____value.source
                    sample(
                        value_of(source),
                        route,
                        method
                    )
                end
            end
        )
    end
    add(
        "openclaw_auth_keys",
        "Keys that credentials of a route are checked with; 0 if none are loaded.",
        function(source) return source:count() end
    )
    add(
        "openclaw_auth_keys_stale",
        "1 if a route uses older keys because the last attempt to load them failed, otherwise 0.",
        function(source) return source:is_stale() and 1 or 0 end
    )
    add(
        "openclaw_auth_keys_loaded_timestamp_seconds",
        "When the keys of a route were last loaded, or found unchanged, in seconds since 1970; 0 if never.",
        function(source) return source:loaded_at() or 0 end
    )
end
--- Shows a route's source of keys for a method, in place of one that it had before. Phases: init.
function ____exports.add(registry, route, method, source)
    for ____, shown in ipairs(shown_by_registry[registry] or ({})) do
        if shown.route == route and shown.method == method then
            shown.source = source
            return
        end
    end
    gauges_add(shown_by_registry, registry, {route = route, method = method, source = source}, show)
end
--- Counts failed attempts to load the keys of a route. Phases: init.
local function failures(registry, route, method)
    local family = metric_registry_counter(registry, "openclaw_auth_key_load_failures_total", "Times that the keys of a route could not be loaded: a file once for each change, a URL once for each request.", {"route", "method"})
    return family:labels(route, method)
end
____exports.failures = failures
return ____exports
