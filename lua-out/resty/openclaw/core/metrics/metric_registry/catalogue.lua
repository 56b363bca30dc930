local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local math_min = math.min
local string_match = string.match
local table_concat = table.concat
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_attend = shared_memory.attend
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_create = mapping.create
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_FIRST_SLOT = rows.FIRST_SLOT
local rows_in_use = rows.in_use
local rows_limit = rows.limit
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local shapes = require("resty.openclaw.core.metrics.metric_registry.shapes")
local shapes_add = shapes.add
local shapes_new = shapes.new
local shapes_remove = shapes.remove
local shapes_settle = shapes.settle
--- Slots that are checked without a pause: a part of a millisecond.
local SLOTS_AT_ONCE = 65536
--- Creating a row takes far less than this.
local SETTLE_SECONDS = 1
--- Whether a row keeps its name: if two processes create a series at the same time, one gives its row back.
local function is_settled(region, slot, name)
    if clock_now() - region.touched[slot] > SETTLE_SECONDS then
        return true
    end
    return (region.names:get("slot:" .. name)) == slot
end
--- Updates one row that has changed.
local function reread(catalogue, slot)
    local region = catalogue.registry.region
    local generation = region.generations[slot]
    shapes_remove(catalogue, slot)
    if rows_in_use(generation) then
        local name = region.names:get("name:" .. tostring(slot))
        if name == nil or not is_settled(region, slot, name) then
            return
        end
        if region.generations[slot] ~= generation then
            return
        end
        shapes_add(catalogue, name, slot, generation)
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
--- Reads what is new, and forgets what was dropped. Calls `pause` after each row, so that it may be one of `time_slice.paced`. Phases: any in which `pause` may be called.
local function refresh(catalogue, pause)
    local region = catalogue.registry.region
    shared_memory_attend(region)
    local limit = rows_limit(region)
    local from = rows_FIRST_SLOT
    while from < limit do
        local stop = math_min(from + SLOTS_AT_ONCE, limit)
        from = next_changed(region, catalogue.read, from, stop)
        if from < stop then
            reread(catalogue, from)
            from = from + 1
        end
        if from < limit then
            pause()
        end
    end
    shapes_settle(catalogue, pause)
end
____exports.refresh = refresh
--- Of the shapes of a name that is not registered here that which another worker has declared, else the last made.
local function declared(catalogue, named, name)
    local last = named[#named]
    if #named == 1 then
        return last
    end
    local declaration = catalogue.registry.region.names:get("family:" .. name)
    local kind = string_match(declaration or "", "^%l+")
    for ____, shape in ipairs(named) do
        if shape.kind == kind then
            return shape
        end
    end
    return last
end
--- The shape in force for a name: what is registered here under it or, where nothing is, what another worker has declared
-- or was made last. Nothing when the series contradict what is registered. Phases: any.
local function in_force(catalogue, name)
    local named = catalogue.by_name[name]
    if named == nil then
        return nil
    end
    local family = catalogue.registry.families[name]
    if family == nil then
        return declared(catalogue, named, name)
    end
    local bounds_text = table_concat(family.bounds, ",")
    for ____, shape in ipairs(named) do
        if shape.kind == family.kind and shape.bounds_text == bounds_text then
            return shape
        end
    end
    return nil
end
____exports.in_force = in_force
--- An empty catalogue of a registry's series. Raises when the system has no memory. Phases: any.
local function create(registry)
    local catalogue = shapes_new(registry)
    catalogue.read = mapping_create(1, false)
    return catalogue
end
____exports.new = create
local catalogues = {}
--- The catalogue of a registry, one for all who look. Else as `new`.
local function of(registry)
    local known = catalogues[registry]
    if known ~= nil then
        return known
    end
    local made = create(registry)
    catalogues[registry] = made
    return made
end
____exports.of = of
return ____exports
