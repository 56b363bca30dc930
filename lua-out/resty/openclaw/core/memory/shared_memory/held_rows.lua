local ____exports = {}
local tostring = tostring
local math_max = math.max
local ____lease = require("resty.openclaw.core.memory.shared_memory.lease")
local lease_HIGHEST_BLOCK = ____lease.HIGHEST_BLOCK
local HIGHEST_BLOCK = lease_HIGHEST_BLOCK
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_SLOTS = mapping.SLOTS
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_LOST_SLOT = rows.LOST_SLOT
local rows_REST_SECONDS = rows.REST_SECONDS
local rows_TRANSIENT = rows.TRANSIENT
local rows_find = rows.find
local rows_forget_name = rows.forget_name
local rows_in_use = rows.in_use
local rows_limit = rows.limit
local rows_make = rows.make
local rows_recycle = rows.recycle
--- How long a row without holders is kept: its metrics can still be scraped, and a node that comes back finds its own.
local UNHELD_SECONDS = 30
____exports.UNHELD_SECONDS = UNHELD_SECONDS
--- So many rows are dropped without a pause, with all that belongs to them: about a millisecond.
local DROPS_AT_ONCE = 10
--- Number of attempts: if several processes create or drop a row at the same time, all but one have to retry.
local LOOKS = 5
--- Whether the row is still the same; else its slots may belong to another one. Phases: any.
local function is_current(region, row)
    return region.generations[row.slot] == row.generation
end
____exports.is_current = is_current
--- Makes this worker hold the row, unless it does already; false when the row now belongs to another name. Phases: any but init.
local function hold(region, row)
    if row.is_held then
        return is_current(region, row)
    end
    if not is_current(region, row) then
        return false
    end
    local ____region_0 = region
    local mine = ____region_0.mine
    local names = ____region_0.names
    mine[row.slot] = mine[row.slot] + 1
    local slot = names:get("slot:" .. row.name)
    if slot == row.slot and is_current(region, row) then
        row.is_held = true
        return true
    end
    mine[row.slot] = mine[row.slot] - 1
    return false
end
____exports.hold = hold
--- Lets go of a row, if this worker holds it. Phases: any but init.
local function release(region, row)
    if not row.is_held then
        return
    end
    row.is_held = false
    if is_current(region, row) then
        region.mine[row.slot] = region.mine[row.slot] - 1
    end
end
____exports.release = release
local function found(rows_of, name, count, kept, now)
    local slot, generation = rows_find(rows_of, name)
    if slot == nil then
        local made, second = rows_make(
            rows_of,
            name,
            count,
            0,
            now,
            rows_TRANSIENT,
            kept
        )
        if made == nil then
            return nil, second
        end
        slot = made
        generation = second
    end
    return {name = name, slot = slot, generation = generation, is_held = false}
end
--- The row with this name, of so many slots, held by this worker, or in init by nobody yet. Phases: any. On failure nil and
-- why.
-- 
-- @param kept how many of its last slots keep what a worker wrote when that worker is gone
local function take(region, name, count, kept, now)
    for _ = 1, LOOKS do
        local row, err = found(
            region,
            name,
            count,
            kept,
            now
        )
        if row == nil then
            return nil, err
        end
        if row.slot ~= rows_LOST_SLOT then
            if ngx.get_phase() == "init" then
                region.touched[row.slot] = now
                return row
            end
            if hold(region, row) then
                return row
            end
        end
    end
    return nil, "its memory is being freed at this moment"
end
____exports.take = take
--- Whether any worker holds the row at a slot.
local function has_holder(region, slot)
    if region.mine[slot] > 0 then
        return true
    end
    local base = region.base
    for block = 1, base[HIGHEST_BLOCK] do
        if base[block * mapping_SLOTS + slot] > 0 then
            return true
        end
    end
    return false
end
--- Drops a row that nobody holds, and returns the name it had; nothing when somebody has come to hold it.
local function drop(region, slot, now)
    local generation = region.generations[slot]
    region.generations[slot] = generation + 1
    region.names:get("name:" .. tostring(slot))
    if has_holder(region, slot) then
        region.generations[slot] = generation
        return nil
    end
    region.touched[slot] = now
    return rows_forget_name(region, slot)
end
--- Checks one row; returns its name if it was dropped.
local function sweep_row(region, slot, now)
    local since = region.touched[slot]
    if rows_in_use(region.generations[slot]) then
        if since > now or has_holder(region, slot) then
            region.touched[slot] = now
        elseif now - since >= UNHELD_SECONDS then
            return drop(region, slot, now)
        end
    elseif since ~= 0 and now - since >= rows_REST_SECONDS then
        if has_holder(region, slot) then
            region.touched[slot] = now
        else
            return rows_recycle(region, slot, now)
        end
    end
    return nil
end
--- Checks all rows once: drops those without holders, and frees those that have rested. In one process at a time; takes some ten nanoseconds
-- for a row that is held here. Phases: any but init in which `pause` may be called.
-- 
-- @param dropped is told the name of each row that was dropped
-- @param pause is called after some of these, and stops the sweep where it returns false
local function sweep(region, now, dropped, pause)
    local ____region_1 = region
    local generations = ____region_1.generations
    local sizes = ____region_1.sizes
    local touched = ____region_1.touched
    local mine = ____region_1.mine
    local limit = rows_limit(region, rows_TRANSIENT)
    local slot = rows_TRANSIENT.first
    local count = 0
    while slot < limit do
        local generation = generations[slot]
        if rows_in_use(generation) and mine[slot] > 0 then
            touched[slot] = now
        elseif generation ~= 0 then
            local name = sweep_row(region, slot, now)
            if name ~= nil then
                dropped(name)
                count = count + 1
                if count % DROPS_AT_ONCE == 0 and not pause() then
                    return
                end
            end
        end
        slot = slot + math_max(sizes[slot], 1)
    end
end
____exports.sweep = sweep
return ____exports
