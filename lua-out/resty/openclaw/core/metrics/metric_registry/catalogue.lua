local ____exports = {}
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local clock = require("resty.openclaw.core.time.clock")
local shapes = require("resty.openclaw.core.metrics.metric_registry.shapes")
--- Slots that are checked without a pause: a part of a millisecond.
local SLOTS_AT_ONCE = 65536
--- Creating a row takes far less than this.
local SETTLE_SECONDS = 1
--- Whether a row keeps its name: if two processes create a series at the same time, one gives its row back.
local function is_settled(region, slot, name)
    if clock.now() - region.touched[slot] > SETTLE_SECONDS then
        return true
    end
    return (region.names:get("slot:" .. name)) == slot
end
--- Updates one row that has changed.
local function reread(catalogue, slot)
    local region = catalogue.registry.region
    local generation = region.generations[slot]
    shapes.remove(catalogue, slot)
    if rows.in_use(generation) then
        local name = region.names:get("name:" .. tostring(slot))
        if name == nil or not is_settled(region, slot, name) then
            return
        end
        if region.generations[slot] ~= generation then
            return
        end
        shapes.add(catalogue, name, slot, generation)
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
function ____exports.refresh(catalogue, pause)
    local region = catalogue.registry.region
    shared_memory.attend(region)
    local limit = rows.limit(region)
    local from = rows.FIRST_SLOT
    while from < limit do
        local stop = math.min(from + SLOTS_AT_ONCE, limit)
        from = next_changed(region, catalogue.read, from, stop)
        if from < stop then
            reread(catalogue, from)
            from = from + 1
        end
        if from < limit then
            pause()
        end
    end
    shapes.settle(catalogue, pause)
end
--- Of the shapes of a name that is not registered here that which another worker has declared, else the last made.
local function declared(catalogue, named, name)
    local last = named[#named]
    if #named == 1 then
        return last
    end
    local declaration = catalogue.registry.region.names:get("family:" .. name)
    local kind = string.match(declaration or "", "^%l+")
    for ____, shape in ipairs(named) do
        if shape.kind == kind then
            return shape
        end
    end
    return last
end
--- The shape in force for a name: what is registered here under it or, where nothing is, what another worker has declared
-- or was made last. Nothing when the series contradict what is registered. Phases: any.
function ____exports.in_force(catalogue, name)
    local named = catalogue.by_name[name]
    if named == nil then
        return nil
    end
    local family = catalogue.registry.families[name]
    if family == nil then
        return declared(catalogue, named, name)
    end
    local bounds_text = table.concat(family.bounds, ",")
    for ____, shape in ipairs(named) do
        if shape.kind == family.kind and shape.bounds_text == bounds_text then
            return shape
        end
    end
    return nil
end
--- An empty catalogue of a registry's series. Raises when the system has no memory. Phases: any.
local function create(registry)
    local catalogue = shapes.new(registry)
    catalogue.read = mapping.create(1, false)
    return catalogue
end
____exports.new = create
local catalogues = {}
--- The catalogue of a registry, one for all who look. Else as `new`.
function ____exports.of(registry)
    local known = catalogues[registry]
    if known ~= nil then
        return known
    end
    local made = create(registry)
    catalogues[registry] = made
    return made
end
return ____exports
