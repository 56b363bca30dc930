local ____exports = {}
local tokens = require("resty.openclaw.edge.delivery_token")
local metrics_of = require("resty.openclaw.edge.metrics")
local stores = require("resty.openclaw.edge.store")
local reserves = require("resty.openclaw.edge.store.reserve")
local usages = require("resty.openclaw.edge.store.usage")
--- The jobs of that route. Phases: init.
local function create(settings, registry, route, faults)
    local ____registry_region_0 = registry.region
    local names = ____registry_region_0.names
    local usage = usages.new(names, route, settings)
    local store = stores.new(settings.store, settings.thread_pool)
    return {
        route = route,
        settings = settings,
        store = store,
        usage = usage,
        reserve = reserves.new(store, route, settings.reserve_bytes, names),
        token = tokens.new(store),
        metrics = metrics_of.open(registry, route, usage),
        faults = faults
    }
end
____exports.new = create
return ____exports
