local ____exports = {}
local ipairs = ipairs
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_total = shared_memory.total
local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local catalogues_in_force = catalogues.in_force
local catalogues_of = catalogues.of
local catalogues_refresh = catalogues.refresh
local label_texts = require("resty.openclaw.core.metrics.metric_registry.label_text")
local label_texts_each = label_texts.each
local label_texts_escaped = label_texts.escaped
local series_list = require("resty.openclaw.core.metrics.metric_registry.series_list")
local series_list_is_current = series_list.is_current
local series_list_labels = series_list.labels
local series_list_slot = series_list.slot
local BY_STATUS = {
    hit = "hits",
    stale = "hits",
    updating = "hits",
    miss = "misses",
    expired = "misses",
    revalidated = "misses",
    bypass = "bypassed"
}
--- The values of a series' labels, escaped.
local function values_of(text)
    local values = {}
    label_texts_each(
        text,
        function(name, value)
            values[name] = value
        end
    )
    return values
end
--- Visits the series of a counter that belong to one of these routes.
local function each(registry, name, routes, pause, visit)
    local shape = catalogues_in_force(
        catalogues_of(registry),
        name
    )
    if shape == nil then
        return
    end
    local series = shape.series
    for place = 0, series.count - 1 do
        if series_list_is_current(series, place, registry.region.generations) then
            local values = values_of(series_list_labels(series, place))
            local figures = routes[values.route or ""]
            local total = shared_memory_total(
                registry.region,
                series_list_slot(series, place)
            )
            if figures ~= nil then
                visit(figures, values.status or "", total)
            end
            pause()
        end
    end
end
--- The figures of these routes, in their order. Phases: content; `pause` may yield.
local function gather(registry, routes, pause)
    local by_label = {}
    local all = {}
    for ____, route in ipairs(routes) do
        local figures = {
            hits = 0,
            misses = 0,
            bypassed = 0,
            saved_bytes = 0,
            saved_seconds = 0
        }
        by_label[label_texts_escaped(route)] = figures
        all[#all + 1] = figures
    end
    catalogues_refresh(
        catalogues_of(registry),
        pause
    )
    each(
        registry,
        "openclaw_cache_requests_total",
        by_label,
        pause,
        function(figures, status, total)
            local count = BY_STATUS[status]
            if count ~= nil then
                figures[count] = figures[count] + total
            end
        end
    )
    each(
        registry,
        "openclaw_cache_saved_bytes_total",
        by_label,
        pause,
        function(figures, _, total)
            figures.saved_bytes = figures.saved_bytes + total
        end
    )
    each(
        registry,
        "openclaw_cache_saved_seconds_total",
        by_label,
        pause,
        function(figures, _, total)
            figures.saved_seconds = figures.saved_seconds + total
        end
    )
    return all
end
____exports.gather = gather
return ____exports
