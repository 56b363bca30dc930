local ____exports = {}
local ____lease = require("resty.openclaw.shared_memory.lease")
local HIGHEST_BLOCK = ____lease.HIGHEST_BLOCK
local mapping = require("resty.openclaw.shared_memory.mapping")
local ____names = require("resty.openclaw.shared_memory.names")
local advance = ____names.advance
--- How many areas there are, each as large as a block.
____exports.AREAS = 5
____exports.FIRST_SLOT = 64
--- The first of 60 slots for what found no row; nobody reads them. Its generation grows with each row that is dropped or
-- free again: what is bound here looks for a row once more then, and caches begin anew.
____exports.LOST_SLOT = 4
--- A generation no row ever has: what keeps it looks for its row at each use.
____exports.NEVER = -1
--- How long a dropped row rests, in seconds.
____exports.REST_SECONDS = 10
--- The areas behind the blocks.
function ____exports.areas_of(base, blocks)
    return {
        generations = mapping.block_at(base, blocks),
        sizes = mapping.block_at(base, blocks + 1),
        touched = mapping.block_at(base, blocks + 2),
        seen = mapping.block_at(base, blocks + 3),
        pins = mapping.block_at(base, blocks + 4)
    }
end
--- Up to where slots have been handed out.
function ____exports.limit(rows)
    return (rows.names:get("next_slot")) or ____exports.FIRST_SLOT
end
--- Whether a row's generation is that of one in use.
function ____exports.in_use(generation)
    return generation % 2 == 1
end
--- The number that grows with each row that is dropped or free again.
function ____exports.epoch(rows)
    return rows.generations[____exports.LOST_SLOT]
end
local function begin_epoch(rows)
    rows.generations[____exports.LOST_SLOT] = rows.generations[____exports.LOST_SLOT] + 1
end
--- Where the row of a name is, and its generation; nothing when the name has none. One that is being dropped right now is
-- no place to count: the lost slot takes its place until it is gone.
function ____exports.find(rows, name)
    local key = "slot:" .. name
    local slot = rows.names:get(key)
    if slot == nil then
        return
    end
    local generation = rows.generations[slot]
    local is_its = (rows.names:get(key)) == slot
    if is_its and ____exports.in_use(generation) then
        return slot, generation
    end
    return ____exports.LOST_SLOT, ____exports.NEVER
end
--- Gives a row away that nobody can be using. Where the list has no room it rests once more.
local function give_away(rows, slot, now)
    rows.touched[slot] = 0
    local length = rows.names:lpush(
        "free:" .. tostring(rows.sizes[slot]),
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
function ____exports.make(rows, name, count, pin, now)
    local slot = rows.names:lpop("free:" .. tostring(count))
    if slot == nil then
        local next, err = advance(
            rows.names,
            "next_slot",
            count,
            ____exports.FIRST_SLOT,
            mapping.FIRST_TRANSIENT
        )
        if next == nil then
            return nil, err
        end
        slot = next
    end
    local generation = rows.generations[slot] + 1
    rows.sizes[slot] = count
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
    local winner, its_generation = ____exports.find(rows, name)
    if winner ~= nil then
        return winner, its_generation, false
    end
    return nil, "the lua_shared_dict is full"
end
--- Keeps a row at least as long as this configuration is in force.
function ____exports.pin(rows, slot, configuration)
    if rows.pins[slot] < configuration then
        rows.pins[slot] = configuration
    end
end
--- What has been counted in a row: the sum of its slots, the last of several left out, over the workers' blocks. It
-- changes whenever something is counted, and at no other time.
function ____exports.activity(rows, slot)
    local last = slot + math.max(rows.sizes[slot] - 2, 0)
    local base = rows.base
    local sum = 0
    for block = 1, base[HIGHEST_BLOCK] do
        local start = block * mapping.SLOTS
        for at = start + slot, start + last do
            sum = sum + base[at]
        end
    end
    return sum
end
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
--- Drops a row whose activity is still what was seen last, and returns the name it had. Nothing when something has been
-- counted in it since, or when it had no name. The generation comes first: from then on nobody begins to count in it.
function ____exports.drop(rows, slot, now)
    local generation = rows.generations[slot]
    rows.touched[slot] = now
    rows.generations[slot] = generation + 1
    if ____exports.activity(rows, slot) ~= rows.seen[slot] then
        rows.generations[slot] = generation + 2
        return nil
    end
    local name = forget_name(rows, slot)
    begin_epoch(rows)
    return name
end
--- Zeroes a row that has rested, and gives it away. Returns the name it still had, where one who dropped it died before
-- taking it away; else nothing.
function ____exports.recycle(rows, slot, now)
    local name = forget_name(rows, slot)
    local last = slot + rows.sizes[slot] - 1
    for block = 0, rows.base[HIGHEST_BLOCK] do
        local start = block * mapping.SLOTS
        for at = start + slot, start + last do
            rows.base[at] = 0
        end
    end
    give_away(rows, slot, now)
    begin_epoch(rows)
    return name
end
--- How many slots were handed out in rows that nobody uses any more.
function ____exports.unused(rows)
    local ____rows_0 = rows
    local generations = ____rows_0.generations
    local sizes = ____rows_0.sizes
    local count = 0
    for slot = ____exports.FIRST_SLOT, ____exports.limit(rows) - 1 do
        if generations[slot] ~= 0 and not ____exports.in_use(generations[slot]) then
            count = count + sizes[slot]
        end
    end
    return count
end
--- Zeroes, in a block that only this process sees, the rows that were dropped since the last call. `known` is for this
-- function alone: the generations it found then, at first all 0. To be called more often than a row rests.
function ____exports.follow_drops(rows, known, block)
    local generations = rows.generations
    for slot = ____exports.FIRST_SLOT, ____exports.limit(rows) - 1 do
        local generation = generations[slot]
        if generation ~= known[slot] then
            if ____exports.in_use(known[slot]) or not ____exports.in_use(generation) then
                for at = slot, slot + rows.sizes[slot] - 1 do
                    block[at] = 0
                end
            end
            known[slot] = generation
        end
    end
end
return ____exports
