local ____exports = {}
local error = error
local setmetatable = setmetatable
local tostring = tostring
local type = type
local table_concat = table.concat
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_LOST_SLOT = rows.LOST_SLOT
local rows_epoch = rows.epoch
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local handles = require("resty.openclaw.core.metrics.metric_handles")
local handles_counter = handles.counter
local handles_gauge = handles.gauge
local handles_histogram = handles.histogram
local ____buckets = require("resty.openclaw.core.metrics.metric_handles.buckets")
local prepare = ____buckets.prepare
local allow_list = require("resty.openclaw.core.metrics.metric_registry.allow_list")
local allow_list_kept_names = allow_list.kept_names
local allow_list_kept_values = allow_list.kept_values
local allow_list_unknown_label = allow_list.unknown_label
local ____label_text = require("resty.openclaw.core.metrics.metric_registry.label_text")
local are_fitted = ____label_text.are_fitted
local label_text = ____label_text.label_text
local outside_values = require("resty.openclaw.core.metrics.metric_registry.outside_values")
local outside_values_fit = outside_values.fit
local series = require("resty.openclaw.core.metrics.metric_registry.series")
local series_is_starting = series.is_starting
local series_name_of = series.name_of
local series_place = series.place
local SECONDS_BETWEEN_LINES = 60
local function bind(family, slot, generation, name)
    local region = family.registry.region
    if family.kind == "counter" then
        return handles_counter(
            region,
            slot,
            generation,
            name,
            family
        )
    end
    if family.kind == "gauge" then
        return handles_gauge(
            region,
            slot,
            generation,
            name,
            family
        )
    end
    return handles_histogram(
        region,
        slot,
        family.buckets,
        generation,
        name,
        family
    )
end
--- A handle for misused labels: what it counts is not exposed.
local function nowhere(family)
    local region = family.registry.region
    if family.kind == "counter" then
        return handles_counter(region, rows_LOST_SLOT)
    end
    if family.kind == "gauge" then
        return handles_gauge(region, rows_LOST_SLOT)
    end
    return handles_histogram(region, rows_LOST_SLOT, family.buckets)
end
local function rebind(self, handle)
    local slot, generation = series_place(self, handle.name)
    handle.slot = slot
    handle.generation = generation
end
local function misuse(self, what, value)
    if series_is_starting() then
        error(
            (((("metric \"" .. self.name) .. "\" ") .. what) .. " ") .. tostring(value),
            0
        )
    end
    local ____opt_0 = self.registry.misuses
    if ____opt_0 ~= nil then
        ____opt_0:labels(self.name):inc()
    end
    local now = clock_now()
    if now < self.next_line then
        return
    end
    self.next_line = now + SECONDS_BETWEEN_LINES
    ngx.log(
        ngx.ERR,
        "metric_registry: ",
        self.name,
        " ",
        what,
        " ",
        tostring(value)
    )
end
--- Converts the values to strings. Returns what is wrong, and the value; or nothing.
local function fault_in(family, values, count)
    local names = family.label_names
    if count ~= #names then
        return ("has " .. tostring(#names)) .. " labels, not", count
    end
    for index = 1, count do
        local value = values[index]
        if type(value) ~= "string" then
            local is_simple = type(value) == "number" or type(value) == "boolean"
            if not is_simple then
                return ("needs a string for its label \"" .. tostring(names[index])) .. "\", got", value
            end
            values[index] = tostring(value)
        end
    end
    return
end
local function labels(self, ...)
    local given = {...}
    local count = select("#", ...)
    local wrong, what = fault_in(self, given, count)
    if wrong ~= nil then
        self:misuse(wrong, what)
        return nowhere(self)
    end
    local values = given
    if self.allowed ~= nil then
        values = allow_list_kept_values(self.allowed, self.label_names, given)
    end
    local key = table_concat(values, "\0")
    local known = self.handles[key]
    if known == nil and self.outside ~= nil then
        values = outside_values_fit(self, values)
        key = table_concat(values, "\0")
        known = self.handles[key]
    end
    if known ~= nil then
        if self.registry.region.generations[known.slot] ~= known.generation then
            self:rebind(known)
        end
        return known
    end
    local epoch = rows_epoch(self.registry.region)
    if self.handles_epoch ~= epoch then
        self.handles = {}
        self.handles_epoch = epoch
    end
    local name = series_name_of(
        self,
        label_text(self.kept_names, values)
    )
    local slot, generation, is_own = series_place(self, name)
    local handle = bind(self, slot, generation, name)
    if is_own and are_fitted(values) then
        self.handles[key] = handle
    end
    return handle
end
local metatable = {__index = {labels = labels, rebind = rebind, misuse = misuse}}
--- Keeps some labels only. Raises when the list names a label that the family does not have. Phases: init.
local function allow(family, list)
    local unknown = allow_list_unknown_label(list, family.label_names)
    if unknown ~= nil then
        local known = #family.label_names == 0 and "none" or table_concat(family.label_names, ", ")
        error((((("metrics: \"labels." .. family.name) .. "\": the metric has no label \"") .. unknown) .. "\"; its labels are ") .. known, 0)
    end
    family.allowed = list
    family.kept_names = allow_list_kept_names(list, family.label_names)
end
____exports.allow = allow
--- A family whose name, labels and bounds are valid. Phases: any.
local function create(registry, kind, name, help, label_names, bounds)
    local fields = {
        registry = registry,
        name = name,
        kind = kind,
        help = help,
        label_names = label_names,
        kept_names = label_names,
        allowed = nil,
        is_essential = false,
        outside = nil,
        bounds = bounds,
        buckets = kind == "histogram" and prepare(bounds) or nil,
        handles = {},
        handles_epoch = rows_epoch(registry.region),
        lost_epoch = -1,
        next_line = 0
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
