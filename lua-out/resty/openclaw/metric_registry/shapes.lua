local ____exports = {}
local mapping = require("resty.openclaw.shared_memory.mapping")
local ____number_text = require("resty.openclaw.metric_registry.number_text")
local number_text = ____number_text.number_text
--- So many series are looked through without a pause: a part of a millisecond.
local SERIES_AT_ONCE = 10000
--- Series that were dropped are taken out when they are so many, and as many as half of all.
local MOST_GONE = 64
local function bounds_of(bounds_text)
    local bounds = {}
    for bound in string.gmatch(bounds_text, "[^,]+") do
        bounds[#bounds + 1] = number_text(tonumber(bound))
    end
    bounds[#bounds + 1] = "+Inf"
    return bounds
end
local function shape_of(all, kind, name, bounds_text)
    local shapes = all.by_name[name]
    if shapes == nil then
        shapes = {}
        all.by_name[name] = shapes
        all.is_unsorted = true
    end
    for ____, shape in ipairs(shapes) do
        if shape.kind == kind and shape.bounds_text == bounds_text then
            return shape
        end
    end
    local number = #all.all_shapes + 1
    local made = {
        kind = kind,
        name = name,
        bounds_text = bounds_text,
        bounds = bounds_of(bounds_text),
        series = {},
        gone = 0,
        number = number
    }
    local ____all_all_shapes_0 = all.all_shapes
    ____all_all_shapes_0[#____all_all_shapes_0 + 1] = made
    shapes[#shapes + 1] = made
    return made
end
local function is_kind(word)
    return word == "counter" or word == "gauge" or word == "histogram"
end
--- Takes in one row, if its name is that of a series (see `series`).
function ____exports.add(all, row_name, slot, generation)
    local kind, name, rest = string.match(row_name, "^(%l+) ([%a_:][%w_:]*)(.*)$")
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
    local shape = shape_of(all, kind, name, bounds_text)
    local ____shape_series_1 = shape.series
    ____shape_series_1[#____shape_series_1 + 1] = {labels = labels, slot = slot, generation = generation}
    all.shape_numbers[slot] = shape.number
end
--- Whether a series is still what its slots hold: to be asked anew after each pause. Phases: any.
function ____exports.is_current(registry, series)
    return registry.region.generations[series.slot] == series.generation
end
local function without(shapes, shape)
    local others = {}
    for ____, one in ipairs(shapes) do
        if one ~= shape then
            others[#others + 1] = one
        end
    end
    return others
end
local function remove_shape(all, shape)
    local shapes = all.by_name[shape.name]
    if shapes == nil then
        return
    end
    local others = without(shapes, shape)
    if #others > 0 then
        all.by_name[shape.name] = others
    else
        all.by_name[shape.name] = nil
        all.is_unsorted = true
    end
end
--- Takes out what was dropped, if it is much.
local function tidy(shapes, shape, pause)
    local all = shape.series
    local count = #all
    if shape.gone < count and (shape.gone < MOST_GONE or shape.gone < count / 2) then
        return
    end
    local current = {}
    for index = 1, count do
        local series = all[index]
        if ____exports.is_current(shapes.registry, series) then
            current[#current + 1] = series
        end
        if index % SERIES_AT_ONCE == 0 then
            pause()
        end
    end
    if shape.series ~= all then
        return
    end
    for index = count + 1, #all do
        current[#current + 1] = all[index]
    end
    shape.gone = shape.gone - (#all - #current)
    shape.series = current
    if #current == 0 then
        remove_shape(shapes, shape)
    end
end
local function tidy_all(all, pause)
    local shape = next(all.untidy)
    while shape ~= nil do
        all.untidy[shape] = nil
        tidy(all, shape, pause)
        shape = next(all.untidy)
    end
end
--- Notes that a slot's series, if it is that of one, was dropped.
function ____exports.remove(all, slot)
    local number = all.shape_numbers[slot]
    if number == 0 then
        return
    end
    all.shape_numbers[slot] = 0
    local shape = all.all_shapes[number]
    shape.gone = shape.gone + 1
    all.untidy[shape] = true
end
local function sort_names(all)
    local names = {}
    for name in pairs(all.by_name) do
        names[#names + 1] = name
    end
    table.sort(names)
    all.names = names
    all.is_unsorted = false
end
--- Takes out what was dropped, and brings the names up to date. Calls `pause` about once a millisecond.
function ____exports.settle(all, pause)
    tidy_all(all, pause)
    if all.is_unsorted then
        sort_names(all)
    end
end
--- No series yet.
local function create(registry)
    return {
        registry = registry,
        by_name = {},
        shape_numbers = mapping.create(1, false),
        all_shapes = {},
        untidy = {},
        names = {},
        is_unsorted = false
    }
end
____exports.new = create
return ____exports
