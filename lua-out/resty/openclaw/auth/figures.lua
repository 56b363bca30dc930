local ____exports = {}
local ipairs = ipairs
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_OTHER = metric_registry.OTHER
local metric_registry_counter = metric_registry.counter
local OF_CREDENTIALS = {
    "ok",
    "malformed",
    "algorithm",
    "unknown_key",
    "signature",
    "expired",
    "not_yet_valid",
    "issuer",
    "audience",
    "claims",
    "scope",
    "no_keys",
    "conflict",
    "missing",
    "route",
    "unavailable"
}
local OF_NONE = {"anonymous", "missing"}
--- The counters of a route, all of which are shown from the start. Phases: init.
local function of(registry, route, methods, tenants)
    local family = metric_registry_counter(registry, "openclaw_auth_requests_total", "Requests by method of authentication and by result.", {"route", "method", "result"})
    local results = {}
    local function add(method, of_method)
        local counters = {}
        for ____, result in ipairs(of_method) do
            counters[result] = family:labels(route, method, result)
        end
        results[method] = counters
    end
    for ____, method in ipairs(methods) do
        add(method, OF_CREDENTIALS)
    end
    add("none", OF_NONE)
    if tenants == nil then
        return {results = results, tenants = nil, other_tenants = nil}
    end
    local by_tenant = metric_registry_counter(registry, "openclaw_auth_tenant_requests_total", "Authenticated requests by tenant, of the tenants in `counted_tenants`.", {"route", "tenant"})
    local counted = {}
    for ____, tenant in ipairs(tenants) do
        counted[tenant] = by_tenant:labels(route, tenant)
    end
    return {
        results = results,
        tenants = counted,
        other_tenants = by_tenant:labels(route, metric_registry_OTHER)
    }
end
____exports.of = of
--- Counts an authenticated request for its tenant, if that is counted. Phases: access.
local function count_tenant(figures, tenant)
    if figures.tenants == nil then
        return
    end
    local counter = figures.tenants[tenant] or figures.other_tenants
    counter:inc()
end
____exports.count_tenant = count_tenant
return ____exports
