local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local tonumber = tonumber
local string_byte = string.byte
local string_gmatch = string.gmatch
local string_match = string.match
local table_sort = table.sort
local ffi = require("ffi")
local ffi_cast = ffi.cast
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_create = mapping.create
local ____number_text = require("resty.openclaw.core.metrics.metric_registry.number_text")
local number_text = ____number_text.number_text
local series_list = require("resty.openclaw.core.metrics.metric_registry.series_list")
local series_list_add = series_list.add
local series_list_generation = series_list.generation
local series_list_is_current = series_list.is_current
local series_list_label_bytes = series_list.label_bytes
local series_list_labels_at = series_list.labels_at
local series_list_new = series_list.new
local series_list_slot = series_list.slot
local OPENING_BRACE = 123
--- Series that were dropped are taken out when they are so many, and as many as half of all.
local MOST_GONE = 64
local function bounds_of(bounds_text)
    local bounds = {}
    for bound in string_gmatch(bounds_text, "[^,]+") do
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
    local bounds = bounds_of(bounds_text)
    local made = {
        kind = kind,
        name = name,
        bounds_text = bounds_text,
        bounds = bounds,
        series = series_list_new(),
        gone = 0,
        number = number
    }
    local ____all_all_shapes_0 = all.all_shapes
    ____all_all_shapes_0[#____all_all_shapes_0 + 1] = made
    shapes[#shapes + 1] = made
    return made
end
local function is_kind(name)
    return name == "counter" or name == "gauge" or name == "histogram"
end
--- Takes in one row, if its name is that of a series (see `series`).
local function add(all, row_name, slot, generation)
    local kind, name, place = string_match(row_name, "^(%l+) ([%a_:][%w_:]*)()")
    if not is_kind(kind) then
        return
    end
    local begin = place
    local ____end = #row_name + 1
    local bounds_text = ""
    if kind == "histogram" then
        local last_blank, after = string_match(row_name, "^.*() (%S*)$")
        ____end = last_blank
        if ____end < begin then
            return
        end
        bounds_text = after
    end
    if ____end > begin and string_byte(row_name, begin) ~= OPENING_BRACE then
        return
    end
    local shape = shape_of(all, kind, name, bounds_text)
    local labels = ffi_cast("const uint8_t *", row_name) + (begin - 1)
    series_list_add(
        shape.series,
        labels,
        ____end - begin,
        slot,
        generation
    )
    all.shape_numbers[slot] = shape.number
end
____exports.add = add
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
local function keep(from, index, into)
    local labels = series_list_labels_at(from, index)
    local bytes = series_list_label_bytes(from, index)
    series_list_add(
        into,
        labels,
        bytes,
        series_list_slot(from, index),
        series_list_generation(from, index)
    )
end
--- Takes out what was dropped, if it is much.
local function tidy(shapes, shape, pause)
    local all = shape.series
    local count = all.count
    if shape.gone < count and (shape.gone < MOST_GONE or shape.gone < count / 2) then
        return
    end
    local generations = shapes.registry.region.generations
    local current = series_list_new()
    for index = 0, count - 1 do
        if series_list_is_current(all, index, generations) then
            keep(all, index, current)
        end
        pause()
    end
    if shape.series ~= all then
        return
    end
    for index = count, all.count - 1 do
        keep(all, index, current)
    end
    shape.gone = shape.gone - (all.count - current.count)
    shape.series = current
    if current.count == 0 then
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
local function remove(all, slot)
    local number = all.shape_numbers[slot]
    if number == 0 then
        return
    end
    all.shape_numbers[slot] = 0
    local shape = all.all_shapes[number]
    shape.gone = shape.gone + 1
    all.untidy[shape] = true
end
____exports.remove = remove
local function sort_names(all)
    local names = {}
    for name in pairs(all.by_name) do
        names[#names + 1] = name
    end
    table_sort(names)
    all.names = names
    all.is_unsorted = false
end
--- Takes out what was dropped, and brings the names up to date. Calls `pause` after each series.
local function settle(all, pause)
    tidy_all(all, pause)
    if all.is_unsorted then
        sort_names(all)
    end
end
____exports.settle = settle
--- No series yet.
local function create(registry)
    return {
        registry = registry,
        by_name = {},
        shape_numbers = mapping_create(1, false),
        all_shapes = {},
        untidy = {},
        names = {},
        is_unsorted = false
    }
end
____exports.new = create
return ____exports
