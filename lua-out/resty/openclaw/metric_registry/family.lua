local ____exports = {}
local handles = require("resty.openclaw.metric_handles")
local ____buckets = require("resty.openclaw.metric_handles.buckets")
local prepare = ____buckets.prepare
local ____clock = require("resty.openclaw.shared_memory.clock")
local steady_seconds = ____clock.steady_seconds
local ____names = require("resty.openclaw.shared_memory.names")
local increment = ____names.increment
local rows = require("resty.openclaw.shared_memory.rows")
local allow_list = require("resty.openclaw.metric_registry.allow_list")
local ____label_text = require("resty.openclaw.metric_registry.label_text")
local are_fitted = ____label_text.are_fitted
local label_text = ____label_text.label_text
--- The pin of series that are kept in every configuration.
local FOR_EVER = math.huge
local SECONDS_BETWEEN_LINES = 60
--- The name of a series' row; `catalogue` reads it back.
local function row_name(family, labels)
    if family.kind ~= "histogram" then
        return ((family.kind .. " ") .. family.name) .. labels
    end
    return ((((family.kind .. " ") .. family.name) .. labels) .. " ") .. table.concat(family.bounds, ",")
end
local function row_size(family)
    return family.kind == "histogram" and #family.bounds + 2 or 1
end
local function bind(family, slot, generation, name)
    local region = family.registry.region
    if family.kind == "counter" then
        return handles.counter(
            region,
            slot,
            generation,
            name,
            family
        )
    end
    if family.kind == "gauge" then
        return handles.gauge(
            region,
            slot,
            generation,
            name,
            family
        )
    end
    return handles.histogram(
        region,
        slot,
        family.buckets,
        generation,
        name,
        family
    )
end
--- A handle for a misused family: it counts where nobody looks.
local function nowhere(family)
    local region = family.registry.region
    if family.kind == "counter" then
        return handles.counter(region, rows.LOST_SLOT)
    end
    if family.kind == "gauge" then
        return handles.gauge(region, rows.LOST_SLOT)
    end
    return handles.histogram(region, rows.LOST_SLOT, family.buckets)
end
--- The name of the series that takes what is past the limit.
local function name_of_others(family)
    local values = {}
    for index = 1, #family.kept_names do
        values[index] = allow_list.OTHER
    end
    return row_name(
        family,
        label_text(family.kept_names, values)
    )
end
--- Whether nginx is being started or reloaded: what is bound now is shown from the start, and kept.
local function is_starting()
    local phase = ngx.get_phase()
    return phase == "init" or phase == "init_worker"
end
--- Up to which configuration a new series of the family is kept.
local function pin_of(family)
    if #family.kept_names == 0 then
        return FOR_EVER
    end
    return is_starting() and family.registry.region.configuration or 0
end
--- Takes the place of one more series; false when there is none. The series of the others needs none.
local function take_place(family, others)
    local names = family.registry.region.names
    local count = increment(names, "series:" .. family.name, 1, 0)
    if count ~= nil then
        if count <= family.registry.most_series then
            return true
        end
        local has_others = (names:get("slot:" .. others)) ~= nil
        if has_others and count == family.registry.most_series + 1 then
            return true
        end
        names:incr("series:" .. family.name, -1)
    end
    return false
end
--- Makes a series that has its place already. Where no row is left it counts nowhere, until one is free again.
local function make(family, name)
    local region = family.registry.region
    local slot, second, made = rows.make(
        region,
        name,
        row_size(family),
        pin_of(family),
        steady_seconds()
    )
    if made ~= true then
        region.names:incr("series:" .. family.name, -1)
    end
    if slot ~= nil then
        return slot, second
    end
    ngx.log(
        ngx.ERR,
        "metric_registry: new series of ",
        family.name,
        " are not counted: ",
        second
    )
    family.lost_epoch = rows.epoch(region)
    return rows.LOST_SLOT, family.lost_epoch
end
--- Where a series counts: its slot and generation, found or made, or those of the others past the limit. Third value:
-- whether they are its own.
local function place(family, name)
    local region = family.registry.region
    local found, found_generation = rows.find(region, name)
    if found ~= nil then
        if is_starting() then
            rows.pin(region, found, region.configuration)
        end
        return found, found_generation, found ~= rows.LOST_SLOT
    end
    if family.lost_epoch == rows.epoch(region) then
        return rows.LOST_SLOT, family.lost_epoch, false
    end
    local others = name_of_others(family)
    if name ~= others then
        if take_place(family, others) then
            local slot, generation = make(family, name)
            return slot, generation, slot ~= rows.LOST_SLOT
        end
        local dropped = family.registry.dropped
        if dropped ~= family then
            local ____opt_0 = family.registry.dropped
            if ____opt_0 ~= nil then
                ____opt_0:labels(family.name):inc()
            end
        end
        local known, known_generation = rows.find(region, others)
        if known ~= nil then
            return known, known_generation, false
        end
    end
    increment(region.names, "series:" .. family.name, 1, 0)
    local slot, generation = make(family, others)
    return slot, generation, name == others and slot ~= rows.LOST_SLOT
end
local function rebind(self, handle)
    local slot, generation = place(self, handle.name)
    handle.slot = slot
    handle.generation = generation
end
local function misuse(self, what, value)
    if is_starting() then
        error(
            (((("metric \"" .. self.name) .. "\" ") .. what) .. " ") .. tostring(value),
            0
        )
    end
    local ____opt_2 = self.registry.misuses
    if ____opt_2 ~= nil then
        ____opt_2:labels(self.name):inc()
    end
    local now = ngx.now()
    if now < self.next_line and self.next_line <= now + SECONDS_BETWEEN_LINES then
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
--- Makes texts of the values; what is wrong with them, or nothing.
local function fault_in(family, values, count)
    local names = family.label_names
    if count ~= #names then
        return ("has " .. tostring(#names)) .. " labels, not"
    end
    for index = 1, count do
        local value = values[index]
        if type(value) ~= "string" then
            if type(value) ~= "number" and type(value) ~= "boolean" then
                return ("cannot have for label \"" .. tostring(names[index])) .. "\""
            end
            values[index] = tostring(value)
        end
    end
    return nil
end
local function labels(self, ...)
    local given = {...}
    local count = select("#", ...)
    local wrong = fault_in(self, given, count)
    if wrong ~= nil then
        self:misuse(wrong, count)
        return nowhere(self)
    end
    local values = self.allowed == nil and given or allow_list.kept_values(self.allowed, self.label_names, given)
    local key = table.concat(values, "\0")
    local known = self.handles[key]
    if known ~= nil then
        return known
    end
    local epoch = rows.epoch(self.registry.region)
    if self.handles_epoch ~= epoch then
        self.handles = {}
        self.handles_epoch = epoch
    end
    local name = row_name(
        self,
        label_text(self.kept_names, values)
    )
    local slot, generation, is_own = place(self, name)
    local handle = bind(self, slot, generation, name)
    if is_own and are_fitted(values) then
        self.handles[key] = handle
    end
    return handle
end
local metatable = {__index = {labels = labels, rebind = rebind, misuse = misuse}}
--- Keeps some labels only. Raises when the list names a label that the family does not have. Phases: init.
function ____exports.allow(family, list)
    local unknown = allow_list.unknown_label(list, family.label_names)
    if unknown ~= nil then
        local known = #family.label_names == 0 and "none" or table.concat(family.label_names, ", ")
        error((((("metrics: \"labels." .. family.name) .. "\": the metric has no label \"") .. unknown) .. "\"; its labels are ") .. known, 0)
    end
    family.allowed = list
    family.kept_names = allow_list.kept_names(list, family.label_names)
end
--- A family whose name, labels and bounds have been looked at. Phases: any.
local function create(registry, kind, name, help, label_names, bounds)
    local fields = {
        registry = registry,
        name = name,
        kind = kind,
        help = help,
        label_names = label_names,
        kept_names = label_names,
        allowed = nil,
        bounds = bounds,
        buckets = kind == "histogram" and prepare(bounds) or nil,
        handles = {},
        handles_epoch = rows.epoch(registry.region),
        lost_epoch = -1,
        next_line = 0
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
