local ____exports = {}
local shared_memory = require("resty.openclaw.shared_memory")
local ____number_text = require("resty.openclaw.metrics.number_text")
local number_text = ____number_text.number_text
--- A worker needs far less than these seconds between taking a slot and naming it; until then it is looked at again.
local SETTLE_SECONDS = 1
--- So many slots are read without a pause: about a millisecond when all of them are new series.
local SLOTS_AT_ONCE = 512
local function bounds_of(bounds_text)
    local bounds = {}
    for bound in string.gmatch(bounds_text, "[^,]+") do
        bounds[#bounds + 1] = number_text(tonumber(bound))
    end
    bounds[#bounds + 1] = "+Inf"
    return bounds
end
local function names_with(names, one_more)
    local all = {one_more}
    for ____, name in ipairs(names) do
        all[#all + 1] = name
    end
    table.sort(all)
    return all
end
local function shape_of(catalogue, kind, name, bounds_text)
    local shapes = catalogue.shapes[name]
    if shapes == nil then
        shapes = {}
        catalogue.shapes[name] = shapes
        catalogue.names = names_with(catalogue.names, name)
    end
    for ____, shape in ipairs(shapes) do
        if shape.kind == kind and shape.bounds_text == bounds_text then
            return shape
        end
    end
    local made = {
        kind = kind,
        name = name,
        bounds_text = bounds_text,
        bounds = bounds_of(bounds_text),
        series = {}
    }
    shapes[#shapes + 1] = made
    return made
end
local function is_kind(word)
    return word == "counter" or word == "gauge" or word == "histogram"
end
--- Takes in one slot, if its name is that of a series (see `metric_registry`).
local function add(catalogue, slot_name, slot)
    if catalogue.known_slots[slot] ~= nil then
        return
    end
    local kind, name, rest = string.match(slot_name, "^(%l+) ([%a_:][%w_:]*)(.*)$")
    if not is_kind(kind) then
        return
    end
    local labels = rest
    local bounds_text = ""
    if kind == "histogram" then
        local before, after = string.match(labels, "^(.*) (%S*)$")
        if before == nil then
            return
        end
        labels = before
        bounds_text = after
    end
    if labels ~= "" and string.sub(labels, 1, 1) ~= "{" then
        return
    end
    catalogue.known_slots[slot] = true
    local ____shape_of_result_series_0 = shape_of(catalogue, kind, name, bounds_text).series
    ____shape_of_result_series_0[#____shape_of_result_series_0 + 1] = {labels = labels, slot = slot}
end
--- Reads what is new. Calls `pause` about once a millisecond. Phases: any in which `pause` may be called.
function ____exports.refresh(catalogue, pause)
    local region = catalogue.registry.region
    local now = ngx.now()
    local function visit(name, slot)
        return add(catalogue, name, slot)
    end
    local from = catalogue.settled
    local ____end = shared_memory.each(region, from, visit, SLOTS_AT_ONCE)
    while ____end - from >= SLOTS_AT_ONCE do
        pause()
        from = ____end
        ____end = shared_memory.each(region, from, visit, SLOTS_AT_ONCE)
    end
    if now - catalogue.read_at >= SETTLE_SECONDS then
        catalogue.settled = catalogue.read_until
        catalogue.read_until = ____end
        catalogue.read_at = now
    end
end
--- The shape in force for a name: what is registered here under it or, where nothing is, what was made last. Nothing
-- when the series contradict what is registered. Phases: any.
function ____exports.in_force(catalogue, name)
    local shapes = catalogue.shapes[name]
    if shapes == nil then
        return nil
    end
    local family = catalogue.registry.families[name]
    if family == nil then
        return shapes[#shapes]
    end
    local bounds_text = table.concat(family.bounds, ",")
    for ____, shape in ipairs(shapes) do
        if shape.kind == family.kind and shape.bounds_text == bounds_text then
            return shape
        end
    end
    return nil
end
--- An empty catalogue of a registry's series. Phases: any.
local function create(registry)
    return {
        registry = registry,
        shapes = {},
        known_slots = {},
        names = {},
        settled = 0,
        read_until = 0,
        read_at = 0
    }
end
____exports.new = create
return ____exports
