local ____exports = {}
local error = error
local ipairs = ipairs
local pairs = pairs
local tostring = tostring
local math_huge = math.huge
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_open = shared_memory.open
local allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local allow_list_OTHER = allow_list.OTHER
local allow_list_unknown_label = allow_list.unknown_label
local families = require("resty.openclaw.core.metrics.metric_registry.family")
local families_allow = families.allow
local families_new = families.new
local idle_series = require("resty.openclaw.core.metrics.metric_registry.idle_series")
local idle_series_forget = idle_series.forget
local idle_series_watch = idle_series.watch
local labels = require("resty.openclaw.core.metrics.metric_registry.label_text")
local labels_LABEL_BYTES = labels.LABEL_BYTES
--- The help of families that this worker has not registered.
local DEFAULT_HELP = "No description."
____exports.DEFAULT_HELP = DEFAULT_HELP
--- Upper bounds fit for inference, in seconds: 10 ms to 10 minutes.
local SECONDS = {
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    120,
    300,
    600
}
____exports.SECONDS = SECONDS
local DEFAULT_MOST_SERIES = 2000
____exports.DEFAULT_MOST_SERIES = DEFAULT_MOST_SERIES
local DEFAULT_MOST_VALUES = 100
____exports.DEFAULT_MOST_VALUES = DEFAULT_MOST_VALUES
local DEFAULT_IDLE_SECONDS = 86400
____exports.DEFAULT_IDLE_SECONDS = DEFAULT_IDLE_SECONDS
--- As many buckets as fit in the slots that are set aside for lost series.
local MOST_BOUNDS = 48
____exports.MOST_BOUNDS = MOST_BOUNDS
local OTHER = allow_list_OTHER
____exports.OTHER = OTHER
local LABEL_BYTES = labels_LABEL_BYTES
____exports.LABEL_BYTES = LABEL_BYTES
____exports.label_text = labels.label_text
____exports.is_label_name = labels.is_label_name
____exports.is_metric_name = labels.is_metric_name
local registries = {}
local function same(left, right)
    if #left ~= #right then
        return false
    end
    for index = 0, #left - 1 do
        if left[index + 1] ~= right[index + 1] then
            return false
        end
    end
    return true
end
--- Applies the option `labels`. Raises in init only: families that are created later come from outside.
local function apply_allow_list(registry, family)
    local list = registry.allowed[family.name]
    if list == nil then
        return
    end
    if ngx.get_phase() ~= "init" and allow_list_unknown_label(list, family.label_names) ~= nil then
        return
    end
    families_allow(family, list)
end
local function family(registry, kind, name, help, label_names, bounds)
    local known = registry.families[name]
    if known ~= nil then
        if known.kind ~= kind then
            error((((("metric \"" .. name) .. "\" is a ") .. known.kind) .. " already, it cannot be a ") .. kind, 0)
        end
        if not same(known.label_names, label_names) then
            error(("metric \"" .. name) .. "\" has other labels already", 0)
        end
        if not same(known.bounds, bounds) then
            error(("metric \"" .. name) .. "\" has other bounds already", 0)
        end
        return known
    end
    if not ____exports.is_metric_name(name) then
        error(("\"" .. name) .. "\" is no name for a metric: letters, digits, \"_\" and \":\" only", 0)
    end
    for ____, label in ipairs(label_names) do
        if not ____exports.is_label_name(label) then
            error(((("metric \"" .. name) .. "\": \"") .. label) .. "\" is no name for a label", 0)
        end
    end
    local made = families_new(
        registry,
        kind,
        name,
        help,
        label_names,
        bounds
    )
    apply_allow_list(registry, made)
    registry.families[name] = made
    return made
end
--- A family of counters; the same one for the same name. Phases: any. Raises when a name is no name, or taken by another kind or other labels.
local function counter(registry, name, help, label_names)
    if label_names == nil then
        label_names = {}
    end
    return family(
        registry,
        "counter",
        name,
        help,
        label_names,
        {}
    )
end
____exports.counter = counter
--- A family of gauges. Else as `counter`.
local function gauge(registry, name, help, label_names)
    if label_names == nil then
        label_names = {}
    end
    return family(
        registry,
        "gauge",
        name,
        help,
        label_names,
        {}
    )
end
____exports.gauge = gauge
--- A family of histograms. `bounds`: upper bounds, rising and finite, at most 48. Else as `counter`.
local function histogram(registry, name, help, label_names, bounds)
    if label_names == nil then
        label_names = {}
    end
    if bounds == nil then
        bounds = SECONDS
    end
    if #bounds > MOST_BOUNDS then
        error(
            (((("metric \"" .. name) .. "\": at most ") .. tostring(MOST_BOUNDS)) .. " bounds, got ") .. tostring(#bounds),
            0
        )
    end
    local before = -math_huge
    for ____, bound in ipairs(bounds) do
        if not (before < bound and bound < math_huge) then
            error(("metric \"" .. name) .. "\": bounds must rise and be finite", 0)
        end
        before = bound
    end
    return family(
        registry,
        "histogram",
        name,
        help,
        label_names,
        bounds
    )
end
____exports.histogram = histogram
--- Drops the series with these label values, unless other label values share it. No handle of it may be used any more. Phases: any, in one
-- process at a time.
local function forget(registry, name, ...)
    local values = {...}
    local known = registry.families[name]
    if known ~= nil then
        idle_series_forget(known, values)
    end
end
____exports.forget = forget
--- Declares that values of these labels come from outside (a client, a node): each label keeps its first 100 values (`max_values`) as long as
-- series have them; others count as `_other`. Phases: init, before the family has series.
local function from_outside(of, label_names)
    local outside = {}
    for ____, name in ipairs(label_names) do
        outside[name] = true
    end
    of.outside = outside
end
____exports.from_outside = from_outside
--- Adds a family whose values are computed when the page is read. Phases: init. Use `gauges` for gauges.
local function collect(registry, collector)
    local ____registry_collectors_0 = registry.collectors
    ____registry_collectors_0[#____registry_collectors_0 + 1] = collector
end
____exports.collect = collect
--- Applies the option `labels` (see docs/metrics.md). Raises when series exist that it would have changed; `path`: the path of the table with
-- the option. Phases: init.
local function allow_labels(registry, lists, path)
    for name in pairs(lists) do
        local known = registry.families[name]
        if known ~= nil and (next(known.handles)) ~= nil then
            error(((path .. ".labels.") .. name) .. " comes too late, as the metric has series: make the metrics first", 0)
        end
    end
    registry.allowed = lists
    for ____, known in pairs(registry.families) do
        apply_allow_list(registry, known)
    end
end
____exports.allow_labels = allow_labels
--- The registry of a shared dict; always the same for the same dict. Phases: init.
local function open(dict_name)
    local known = registries[dict_name]
    if known ~= nil then
        return known
    end
    local region = shared_memory_open(dict_name)
    local ____region_2 = region
    local ____dict_name_3 = dict_name
    local ____region_shared_1
    if region.shared then
        ____region_shared_1 = ngx.shared[dict_name]
    else
        ____region_shared_1 = nil
    end
    local registry = {
        region = ____region_2,
        dict_name = ____dict_name_3,
        dict = ____region_shared_1,
        families = {},
        collectors = {},
        most_series = DEFAULT_MOST_SERIES,
        most_bytes = nil,
        missing_bytes = 0,
        next_line = 0,
        most_values = DEFAULT_MOST_VALUES,
        idle_seconds = DEFAULT_IDLE_SECONDS,
        allowed = {},
        row_dropped = {}
    }
    registry.lost = counter(registry, "openclaw_metrics_lost_series_total", "Times that a series found no memory, so its counts are lost."):labels()
    registry.dropped = counter(registry, "openclaw_metrics_dropped_labels_total", "Times that a metric used _other for its labels, because a limit of series, values or memory was reached.", {"metric"})
    registry.expired = counter(registry, "openclaw_metrics_expired_series_total", "Series that were dropped because they were idle.", {"metric"})
    registry.misuses = counter(registry, "openclaw_metrics_misuse_total", "Calls that were ignored because of invalid labels or an invalid value.", {"metric"})
    for ____, each in ipairs({registry.dropped, registry.expired, registry.misuses}) do
        each.is_essential = true
    end
    idle_series_watch(registry)
    registries[dict_name] = registry
    return registry
end
____exports.open = open
return ____exports
