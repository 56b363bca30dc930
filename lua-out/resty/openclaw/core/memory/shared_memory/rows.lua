local ____exports = {}
local tostring = tostring
local math_max = math.max
local ____lease = require("resty.openclaw.core.memory.shared_memory.lease")
local lease_HIGHEST_BLOCK = ____lease.HIGHEST_BLOCK
local HIGHEST_BLOCK = lease_HIGHEST_BLOCK
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_FIRST_TRANSIENT = mapping.FIRST_TRANSIENT
local mapping_SLOTS = mapping.SLOTS
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local advance = ____names.advance
local FIRST_SLOT = 64
____exports.FIRST_SLOT = FIRST_SLOT
--- The first of 60 slots for what found no row; nobody reads them. Its generation grows with each row that is dropped or
-- free again: what is bound here looks for a row once more then, and caches begin anew.
local LOST_SLOT = 4
____exports.LOST_SLOT = LOST_SLOT
--- A generation no row ever has: what keeps it looks for its row at each use.
local NEVER = -1
____exports.NEVER = NEVER
--- How long a dropped row rests, in seconds.
local REST_SECONDS = 10
____exports.REST_SECONDS = REST_SECONDS
--- Where slots keep their values for good.
local LASTING = {free = "free", cursor = "next_slot", first = FIRST_SLOT, limit = mapping_FIRST_TRANSIENT}
____exports.LASTING = LASTING
--- Where slots fall to zero with the worker that wrote them.
local TRANSIENT = {free = "free transient", cursor = "next_transient", first = mapping_FIRST_TRANSIENT, limit = mapping_SLOTS}
____exports.TRANSIENT = TRANSIENT
--- Up to where slots have been handed out.
local function limit(rows, space)
    if space == nil then
        space = LASTING
    end
    return (rows.names:get(space.cursor)) or space.first
end
____exports.limit = limit
--- Whether a row's generation is that of one in use.
local function in_use(generation)
    return generation % 2 == 1
end
____exports.in_use = in_use
--- The number that grows with each row that is dropped or free again.
local function epoch(rows)
    return rows.generations[LOST_SLOT]
end
____exports.epoch = epoch
local function begin_epoch(rows)
    rows.generations[LOST_SLOT] = rows.generations[LOST_SLOT] + 1
end
--- Where the row of a name is, and its generation; nothing when the name has none. One that is being dropped right now is
-- no place to count: the lost slot takes its place until it is gone.
local function find(rows, name)
    local key = "slot:" .. name
    local slot = rows.names:get(key)
    if slot == nil then
        return
    end
    local generation = rows.generations[slot]
    local is_its = (rows.names:get(key)) == slot
    if is_its and in_use(generation) then
        return slot, generation
    end
    return LOST_SLOT, NEVER
end
____exports.find = find
--- Adds a row that is not in use to the free list. Without memory for the list it rests once more.
local function give_away(rows, slot, now)
    rows.touched[slot] = 0
    local space = slot < mapping_FIRST_TRANSIENT and LASTING or TRANSIENT
    local length = rows.names:lpush(
        (space.free .. ":") .. tostring(rows.sizes[slot]),
        slot
    )
    if length == nil then
        rows.touched[slot] = now
    end
end
--- A row of so many slots for a name that has none. Its slot and generation, and whether this call made it: another
-- process may have been first. On failure nil and why. Phases: any.
-- 
-- @param pin up to which configuration it is kept
-- @param kept how many of its last slots keep what a worker wrote, where the others fall to zero (all)
local function make(rows, name, count, pin, now, space, kept)
    if space == nil then
        space = LASTING
    end
    if kept == nil then
        kept = count
    end
    local slot = rows.names:lpop((space.free .. ":") .. tostring(count))
    if slot == nil then
        local next, err = advance(
            rows.names,
            space.cursor,
            count,
            space.first,
            space.limit
        )
        if next == nil then
            return nil, err
        end
        slot = next
    end
    local generation = rows.generations[slot] + 1
    rows.sizes[slot] = count
    rows.kept[slot] = kept
    rows.touched[slot] = now
    rows.seen[slot] = 0
    rows.pins[slot] = pin
    rows.generations[slot] = generation
    local numbered = rows.names:safe_set(
        "name:" .. tostring(slot),
        name
    )
    if numbered == true then
        local named = rows.names:safe_add("slot:" .. name, slot)
        if named == true then
            return slot, generation, true
        end
    end
    rows.names:delete("name:" .. tostring(slot))
    rows.generations[slot] = generation + 1
    give_away(rows, slot, now)
    local winner, its_generation = find(rows, name)
    if winner ~= nil then
        return winner, its_generation, false
    end
    return nil, "the lua_shared_dict is full"
end
____exports.make = make
--- Keeps a row at least as long as this configuration is in force.
function ____exports.pin(rows, slot, configuration)
    if rows.pins[slot] < configuration then
        rows.pins[slot] = configuration
    end
end
--- What has been counted in a row: the sum of its slots, the last of several left out, over the workers' blocks. It
-- changes whenever something is counted, and at no other time.
local function activity(rows, slot)
    local last = slot + math_max(rows.sizes[slot] - 2, 0)
    local base = rows.base
    local sum = 0
    for block = 1, base[HIGHEST_BLOCK] do
        local start = block * mapping_SLOTS
        for at = start + slot, start + last do
            sum = sum + base[at]
        end
    end
    return sum
end
____exports.activity = activity
--- Takes a row's name away, which it returns; nothing when it has none.
local function forget_name(rows, slot)
    local name = rows.names:get("name:" .. tostring(slot))
    if name == nil then
        return nil
    end
    if (rows.names:get("slot:" .. name)) == slot then
        rows.names:delete("slot:" .. name)
    end
    rows.names:delete("name:" .. tostring(slot))
    return name
end
____exports.forget_name = forget_name
--- Drops a row whose activity is still what was seen last, and returns the name it had. Nothing when something has been
-- counted in it since, or when it had no name. The generation comes first: from then on nobody begins to count in it.
local function drop(rows, slot, now)
    local generation = rows.generations[slot]
    rows.touched[slot] = now
    rows.generations[slot] = generation + 1
    if activity(rows, slot) ~= rows.seen[slot] then
        rows.generations[slot] = generation + 2
        return nil
    end
    local name = forget_name(rows, slot)
    begin_epoch(rows)
    return name
end
____exports.drop = drop
--- Zeroes a row that has rested, and gives it away. Returns the name it still had, where one who dropped it died before
-- taking it away; else nothing.
local function recycle(rows, slot, now)
    local name = forget_name(rows, slot)
    local last = slot + rows.sizes[slot] - 1
    for block = 0, rows.base[HIGHEST_BLOCK] do
        local start = block * mapping_SLOTS
        for at = start + slot, start + last do
            rows.base[at] = 0
        end
    end
    give_away(rows, slot, now)
    begin_epoch(rows)
    return name
end
____exports.recycle = recycle
--- How many slots belong to rows that are not in use.
local function unused(rows, space)
    if space == nil then
        space = LASTING
    end
    local ____rows_0 = rows
    local generations = ____rows_0.generations
    local sizes = ____rows_0.sizes
    local count = 0
    for slot = space.first, limit(rows, space) - 1 do
        if generations[slot] ~= 0 and not in_use(generations[slot]) then
            count = count + sizes[slot]
        end
    end
    return count
end
____exports.unused = unused
local function follow_drops_in(rows, space, known, block)
    local generations = rows.generations
    for slot = space.first, limit(rows, space) - 1 do
        local generation = generations[slot]
        if generation ~= known[slot] then
            if in_use(known[slot]) or not in_use(generation) then
                for at = slot, slot + rows.sizes[slot] - 1 do
                    block[at] = 0
                end
            end
            known[slot] = generation
        end
    end
end
--- Zeroes, in a block that only this process sees, the rows that were dropped since the last call. `known` is for this
-- function alone: the generations it found then, at first all 0. To be called more often than a row rests.
local function follow_drops(rows, known, block)
    follow_drops_in(rows, LASTING, known, block)
    follow_drops_in(rows, TRANSIENT, known, block)
end
____exports.follow_drops = follow_drops
return ____exports
