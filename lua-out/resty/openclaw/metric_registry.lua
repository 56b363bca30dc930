local ____exports = {}
local handles = require("resty.openclaw.metric_handles")
local ____buckets = require("resty.openclaw.metric_handles.buckets")
local prepare = ____buckets.prepare
local shared_memory = require("resty.openclaw.shared_memory")
local ____names = require("resty.openclaw.shared_memory.names")
local increment = ____names.increment
local utf8 = require("resty.openclaw.utf8")
--- Stands for all label values past the limit of series.
____exports.OTHER = "_other"
--- Of families that nobody here has described.
____exports.DEFAULT_HELP = "No description."
--- Upper bounds fit for inference, in seconds: 10 ms to 10 minutes.
____exports.SECONDS = {
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
local DEFAULT_MOST_SERIES = 2000
--- What a label value is cut to.
____exports.LABEL_BYTES = 128
--- As many buckets as fit in the slots that are set aside for lost series.
____exports.MOST_BOUNDS = 48
local registries = {}
--- A label value as it is kept: at most 128 bytes of valid UTF-8.
local function fitted(value)
    local clean = utf8.clean(string.sub(value, 1, ____exports.LABEL_BYTES + 4))
    return (string.gsub(
        utf8.cut(clean, ____exports.LABEL_BYTES),
        "%z",
        "?"
    ))
end
local function escaped(value)
    return (string.gsub(
        fitted(value),
        "[\\\n\"]",
        {["\\"] = "\\\\", ["\n"] = "\\n", ["\""] = "\\\""}
    ))
end
--- Whether all values are kept as they are.
local function are_fitted(values)
    for ____, value in ipairs(values) do
        if fitted(value) ~= value then
            return false
        end
    end
    return true
end
--- Labels as the exposition format writes them: `{name="value",…}`, or nothing without labels. Values are cut to 128
-- bytes and made valid UTF-8. Phases: any.
function ____exports.label_text(names, values)
    if #names == 0 then
        return ""
    end
    local parts = {}
    for index = 1, #names do
        parts[#parts + 1] = ((tostring(names[index]) .. "=\"") .. escaped(tostring(values[index]))) .. "\""
    end
    return ("{" .. table.concat(parts, ",")) .. "}"
end
--- The name of a series' slots; `metrics` reads it back.
local function slot_name(family, labels)
    if family.kind ~= "histogram" then
        return ((family.kind .. " ") .. family.name) .. labels
    end
    return ((((family.kind .. " ") .. family.name) .. labels) .. " ") .. table.concat(family.bounds, ",")
end
local function slot_count(family)
    return family.kind == "histogram" and #family.bounds + 2 or 1
end
local function bind(family, slot)
    local region = family.registry.region
    if family.kind == "counter" then
        return handles.counter(region, slot)
    end
    if family.kind == "gauge" then
        return handles.gauge(region, slot)
    end
    return handles.histogram(region, slot, family.buckets)
end
--- Whether one more series fits; takes its place if so.
local function has_room(family)
    local names = family.registry.region.names
    local count = increment(names, "series:" .. family.name, 1, 0)
    if count ~= nil and count <= family.registry.most_series then
        return true
    end
    names:incr("series:" .. family.name, -1)
    return false
end
--- The label values of the series that takes what is past the limit.
local function others(family)
    local values = {}
    for index = 1, #family.label_names do
        values[index] = ____exports.OTHER
    end
    return values
end
--- Where a series that found no place counts, and all new ones of its family from then on in this worker.
local function lost(family, err)
    family.registry.region.names:incr("series:" .. family.name, -1)
    ngx.log(
        ngx.ERR,
        "metric_registry: new series of ",
        family.name,
        " are not counted: ",
        err
    )
    local handle = bind(family, shared_memory.LOST_SLOT)
    family.handles.lost = handle
    return handle
end
local function labels(self, ...)
    local values = {...}
    local key = ":" .. table.concat(values, "\0")
    local known = self.handles[key]
    if known ~= nil then
        return known
    end
    local region = self.registry.region
    local name = slot_name(
        self,
        ____exports.label_text(self.label_names, values)
    )
    local keep = are_fitted(values)
    local is_new = (region.names:get("slot:" .. name)) == nil
    if is_new and self.handles.lost ~= nil then
        return self.handles.lost
    end
    if is_new and not has_room(self) then
        keep = false
        local dropped = self.registry.dropped
        if dropped ~= self then
            local ____opt_0 = self.registry.dropped
            if ____opt_0 ~= nil then
                ____opt_0:labels(self.name):inc()
            end
        end
        name = slot_name(
            self,
            ____exports.label_text(
                self.label_names,
                others(self)
            )
        )
    end
    local slot, err = shared_memory.slot(
        region,
        name,
        slot_count(self)
    )
    if slot == nil then
        return lost(self, err)
    end
    local handle = bind(self, slot)
    if keep then
        self.handles[key] = handle
    end
    return handle
end
local family_metatable = {__index = {labels = labels}}
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
--- Whether a word may be the name of a label. `le` is the bound of a histogram's bucket, `__` Prometheus' own.
function ____exports.is_label_name(name)
    local legal = string.find(name, "^[%a_][%w_]*$")
    local reserved = string.find(name, "^__")
    return legal ~= nil and reserved == nil and name ~= "le"
end
--- Whether a word may be the name of a metric.
function ____exports.is_metric_name(name)
    local legal = string.find(name, "^[%a_:][%w_:]*$")
    return legal ~= nil
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
    local buckets = kind == "histogram" and prepare(bounds) or nil
    local fields = {
        registry = registry,
        name = name,
        kind = kind,
        help = help,
        label_names = label_names,
        bounds = bounds,
        buckets = buckets,
        handles = {}
    }
    local made = setmetatable(fields, family_metatable)
    registry.families[name] = made
    return made
end
--- A family of counters; the same one for the same name. Phases: any. Raises when a name is no name, or taken by another kind or other labels.
function ____exports.counter(registry, name, help, label_names)
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
--- A family of gauges. Else as `counter`.
function ____exports.gauge(registry, name, help, label_names)
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
--- A family of histograms. `bounds`: upper bounds, rising and finite, at most 48. Else as `counter`.
function ____exports.histogram(registry, name, help, label_names, bounds)
    if label_names == nil then
        label_names = {}
    end
    if bounds == nil then
        bounds = ____exports.SECONDS
    end
    if #bounds > ____exports.MOST_BOUNDS then
        error(
            (((("metric \"" .. name) .. "\": at most ") .. tostring(____exports.MOST_BOUNDS)) .. " bounds, got ") .. tostring(#bounds),
            0
        )
    end
    local before = -math.huge
    for ____, bound in ipairs(bounds) do
        if not (before < bound and bound < math.huge) then
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
--- Adds a family whose figures are worked out when somebody looks. Phases: init.
function ____exports.collect(registry, collector)
    local ____registry_collectors_2 = registry.collectors
    ____registry_collectors_2[#____registry_collectors_2 + 1] = collector
end
--- The registry over a shared dict; everybody who names the dict gets the same one. Phases: init.
function ____exports.open(dict_name)
    local known = registries[dict_name]
    if known ~= nil then
        return known
    end
    local registry = {
        region = shared_memory.open(dict_name),
        families = {},
        collectors = {},
        most_series = DEFAULT_MOST_SERIES
    }
    registry.dropped = ____exports.counter(registry, "openclaw_metrics_dropped_labels_total", "Times that a metric past its limit of series took _other for its labels.", {"metric"})
    registries[dict_name] = registry
    return registry
end
return ____exports
