local ____exports = {}
local tokens = require("resty.openclaw.edge.delivery_token")
local tokens_new = tokens.new
local metrics_of = require("resty.openclaw.edge.metrics")
local metrics_of_open = metrics_of.open
local stores = require("resty.openclaw.edge.store")
local stores_new = stores.new
local reserves = require("resty.openclaw.edge.store.reserve")
local reserves_new = reserves.new
local usages = require("resty.openclaw.edge.store.usage")
local usages_new = usages.new
--- The jobs of that route. Phases: init.
local function create(settings, registry, route, faults)
    local ____registry_region_0 = registry.region
    local names = ____registry_region_0.names
    local usage = usages_new(names, route, settings)
    local store = stores_new(settings.store, settings.thread_pool)
    return {
        route = route,
        settings = settings,
        store = store,
        usage = usage,
        reserve = reserves_new(store, route, settings.reserve_bytes, names),
        token = tokens_new(store),
        metrics = metrics_of_open(registry, route, usage),
        faults = faults
    }
end
____exports.new = create
return ____exports
