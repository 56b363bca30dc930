local ____exports = {}
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local flag = ____shapes.flag
local list_of = ____shapes.list_of
local object = ____shapes.object
local rounded = ____shapes.rounded
local text = ____shapes.text
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
local json = require("resty.openclaw.admin.json")
local json_written = json.written
local figures_of = require("resty.openclaw.admin.cache.figures")
local figures_of_gather = figures_of.gather
local ROUTE = object()(
    {"route", text},
    {"hits", exact},
    {"misses", exact},
    {"bypassed", exact},
    {"saved_bytes", exact},
    {"saved_seconds", rounded}
)
local SHARED = object()({"redis", text}, {"in_step", flag}, {"delay_seconds", exact})
local PURGES = object()(
    {"file", text},
    {"filters", exact},
    {"last_generation", exact},
    {"last_at", exact},
    {"shared", SHARED}
)
local CACHE = object()(
    {
        "routes",
        list_of(ROUTE)
    },
    {"purges", PURGES}
)
local PURGED = object()(
    {"route", text},
    {"tenant", text},
    {"model", text},
    {"key", text},
    {"all", flag},
    {"generation", exact}
)
local function fields_of(route, figures)
    local ____figures_0 = figures
    local hits = ____figures_0.hits
    local misses = ____figures_0.misses
    local bypassed = ____figures_0.bypassed
    local saved_bytes = ____figures_0.saved_bytes
    local saved_seconds = ____figures_0.saved_seconds
    return {
        route = route,
        hits = hits,
        misses = misses,
        bypassed = bypassed,
        saved_bytes = saved_bytes,
        saved_seconds = saved_seconds
    }
end
local function purges_fields(____bindingPattern0)
    local shared
    local at
    local last
    local filters
    local path
    path = ____bindingPattern0.path
    filters = ____bindingPattern0.filters
    last = ____bindingPattern0.last
    at = ____bindingPattern0.at
    shared = ____bindingPattern0.shared
    local ____path_2 = path
    local ____filters_3 = filters
    local ____last_4 = last
    local ____temp_1
    if last == 0 then
        ____temp_1 = nil
    else
        ____temp_1 = at
    end
    return {
        file = ____path_2,
        filters = ____filters_3,
        last_generation = ____last_4,
        last_at = ____temp_1,
        shared = shared and ({redis = shared.address, in_step = shared.is_in_step, delay_seconds = shared.delay_seconds})
    }
end
--- All of it. Phases: content; yields, as all here.
local function all(____bindingPattern0)
    local purges
    local routes
    local registry
    registry = ____bindingPattern0.registry
    routes = ____bindingPattern0.routes
    purges = ____bindingPattern0.purges
    local figures = figures_of_gather(
        registry,
        routes,
        time_slice_paced(time_slice.yield_now)
    )
    return json_written(
        CACHE,
        {
            routes = function(put)
                for place = 0, #routes - 1 do
                    put(fields_of(routes[place + 1], figures[place + 1]))
                end
            end,
            purges = purges and purges_fields(purges:state())
        }
    )
end
____exports.all = all
--- What was purged.
local function purged(____bindingPattern0, ____bindingPattern1)
    local key
    local model
    local tenant
    local route
    route = ____bindingPattern0.route
    tenant = ____bindingPattern0.tenant
    model = ____bindingPattern0.model
    key = ____bindingPattern0.key
    local is_all
    local generation
    generation = ____bindingPattern1.generation
    is_all = ____bindingPattern1.is_all
    return json_written(PURGED, {
        route = route,
        tenant = tenant,
        model = model,
        key = key,
        all = is_all,
        generation = generation
    })
end
____exports.purged = purged
return ____exports
