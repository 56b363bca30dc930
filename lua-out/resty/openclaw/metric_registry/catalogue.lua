local ____exports = {}
local shared_memory = require("resty.openclaw.shared_memory")
local mapping = require("resty.openclaw.shared_memory.mapping")
local rows = require("resty.openclaw.shared_memory.rows")
local ____number_text = require("resty.openclaw.metric_registry.number_text")
local number_text = ____number_text.number_text
--- So many slots are looked at without a pause, and so many of them read anew: about a millisecond.
local SLOTS_AT_ONCE = 65536
local ROWS_AT_ONCE = 100
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
local function shape_of(catalogue, kind, name, bounds_text)
    local shapes = catalogue.shapes[name]
    if shapes == nil then
        shapes = {}
        catalogue.shapes[name] = shapes
        catalogue.is_unsorted = true
    end
    for ____, shape in ipairs(shapes) do
        if shape.kind == kind and shape.bounds_text == bounds_text then
            return shape
        end
    end
    local number = #catalogue.all_shapes + 1
    local made = {
        kind = kind,
        name = name,
        bounds_text = bounds_text,
        bounds = bounds_of(bounds_text),
        series = {},
        gone = 0,
        number = number
    }
    local ____catalogue_all_shapes_0 = catalogue.all_shapes
    ____catalogue_all_shapes_0[#____catalogue_all_shapes_0 + 1] = made
    shapes[#shapes + 1] = made
    return made
end
local function is_kind(word)
    return word == "counter" or word == "gauge" or word == "histogram"
end
--- Takes in one row, if its name is that of a series (see `family`).
local function add(catalogue, row_name, slot, generation)
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
    local shape = shape_of(catalogue, kind, name, bounds_text)
    local ____shape_series_1 = shape.series
    ____shape_series_1[#____shape_series_1 + 1] = {labels = labels, slot = slot, generation = generation}
    catalogue.shape_numbers[slot] = shape.number
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
local function remove_shape(catalogue, shape)
    local shapes = catalogue.shapes[shape.name]
    if shapes == nil then
        return
    end
    local others = without(shapes, shape)
    if #others > 0 then
        catalogue.shapes[shape.name] = others
    else
        catalogue.shapes[shape.name] = nil
        catalogue.is_unsorted = true
    end
end
--- Takes out what was dropped, if it is much.
local function tidy(catalogue, shape, pause)
    local all = shape.series
    local count = #all
    if shape.gone < count and (shape.gone < MOST_GONE or shape.gone < count / 2) then
        return
    end
    local current = {}
    for index = 1, count do
        local series = all[index]
        if ____exports.is_current(catalogue.registry, series) then
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
        remove_shape(catalogue, shape)
    end
end
local function tidy_all(catalogue, pause)
    local shape = next(catalogue.untidy)
    while shape ~= nil do
        catalogue.untidy[shape] = nil
        tidy(catalogue, shape, pause)
        shape = next(catalogue.untidy)
    end
end
local function remove(catalogue, slot)
    local number = catalogue.shape_numbers[slot]
    if number == 0 then
        return
    end
    catalogue.shape_numbers[slot] = 0
    local shape = catalogue.all_shapes[number]
    shape.gone = shape.gone + 1
    catalogue.untidy[shape] = true
end
--- Takes in what has become of one row.
local function reread(catalogue, slot)
    local region = catalogue.registry.region
    local generation = region.generations[slot]
    remove(catalogue, slot)
    if rows.in_use(generation) then
        local name = region.names:get("name:" .. tostring(slot))
        if name == nil or (region.names:get("slot:" .. name)) ~= slot then
            return
        end
        if region.generations[slot] ~= generation then
            return
        end
        add(catalogue, name, slot, generation)
    end
    catalogue.read[slot] = generation
end
--- The next row that has changed, or `limit`.
local function next_changed(all, read, from, limit)
    local generations = all.generations
    for slot = from, limit - 1 do
        if generations[slot] ~= read[slot] then
            return slot
        end
    end
    return limit
end
local function sort_names(catalogue)
    local names = {}
    for name in pairs(catalogue.shapes) do
        names[#names + 1] = name
    end
    table.sort(names)
    catalogue.names = names
    catalogue.is_unsorted = false
end
--- Reads what is new, and forgets what was dropped. Calls `pause` about once a millisecond. Phases: any in which `pause` may be called.
function ____exports.refresh(catalogue, pause)
    local region = catalogue.registry.region
    shared_memory.attend(region)
    local limit = rows.limit(region)
    local from = rows.FIRST_SLOT
    while from < limit do
        local stop = math.min(from + SLOTS_AT_ONCE, limit)
        local count = 0
        while from < stop and count < ROWS_AT_ONCE do
            from = next_changed(region, catalogue.read, from, stop)
            if from < stop then
                reread(catalogue, from)
                count = count + 1
                from = from + 1
            end
        end
        if from < limit then
            pause()
        end
    end
    tidy_all(catalogue, pause)
    if catalogue.is_unsorted then
        sort_names(catalogue)
    end
end
--- Of the shapes of a name that is not registered here that which another worker has declared, else the last made.
local function declared(catalogue, shapes, name)
    local last = shapes[#shapes]
    if #shapes == 1 then
        return last
    end
    local declaration = catalogue.registry.region.names:get("family:" .. name)
    local kind = string.match(declaration or "", "^%l+")
    for ____, shape in ipairs(shapes) do
        if shape.kind == kind then
            return shape
        end
    end
    return last
end
--- The shape in force for a name: what is registered here under it or, where nothing is, what another worker has declared
-- or was made last. Nothing when the series contradict what is registered. Phases: any.
function ____exports.in_force(catalogue, name)
    local shapes = catalogue.shapes[name]
    if shapes == nil then
        return nil
    end
    local family = catalogue.registry.families[name]
    if family == nil then
        return declared(catalogue, shapes, name)
    end
    local bounds_text = table.concat(family.bounds, ",")
    for ____, shape in ipairs(shapes) do
        if shape.kind == family.kind and shape.bounds_text == bounds_text then
            return shape
        end
    end
    return nil
end
--- An empty catalogue of a registry's series. Raises when the system has no memory. Phases: any.
local function create(registry)
    return {
        registry = registry,
        shapes = {},
        read = mapping.create(1, false),
        shape_numbers = mapping.create(1, false),
        all_shapes = {},
        untidy = {},
        names = {},
        is_unsorted = false
    }
end
____exports.new = create
return ____exports
