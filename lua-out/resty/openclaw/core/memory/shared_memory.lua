local ____exports = {}
local ffi = require("ffi")
local ____areas = require("resty.openclaw.core.memory.shared_memory.areas")
local AREAS = ____areas.AREAS
local areas_of = ____areas.areas_of
local former = require("resty.openclaw.core.memory.shared_memory.former")
local lease = require("resty.openclaw.core.memory.shared_memory.lease")
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local advance = ____names.advance
local local_names = ____names.local_names
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
ffi.cdef("int get_nprocs_conf(void);")
--- For what found no slots of its own; nobody reads it.
____exports.LOST_SLOT = rows.LOST_SLOT
--- Slot 3 of block 0: when something last began, for whoever would else look at all there is again and again.
____exports.LAST_ACTIVE = 3
--- Slot 2 of block 0: how many configurations have opened the region so far.
local CONFIGURATION = 2
--- What the numbers in a region mean; to be raised when that changes, as a region outlives a reload with another version. 2: moments
-- are monotonic.
local MEANING = 2
--- What two versions must agree in to share a region.
local LAYOUT = (((((tostring(MEANING) .. " ") .. tostring(mapping.SLOTS)) .. " ") .. tostring(mapping.FIRST_TRANSIENT)) .. " ") .. tostring(AREAS)
--- So many generations of workers can hold a block each, of so many workers as nginx has been told to start or the machine has
-- processors, whichever is more: a reload may ask for more workers than there were. Pages nobody writes cost nothing.
local GENERATIONS = 8
local LEAST_BLOCKS = 255
--- How many workers, draining ones included, are to have a block.
local function blocks_wanted()
    local workers = math.max(
        ngx.worker.count(),
        tonumber(ffi.C.get_nprocs_conf())
    )
    return math.max(LEAST_BLOCKS, GENERATIONS * workers)
end
--- Of all workers one looks for dead holders this often, in seconds.
local SWEEP_SECONDS = 0.5
--- Leases a block, and brings along what this worker counted while it had none.
local function lease_block(region)
    lease.sweep(region)
    local block = lease.take(region)
    if block == nil then
        return false
    end
    local leased = mapping.block_at(region.base, block)
    if region.followed ~= nil then
        local alone = region.mine
        rows.follow_drops(region, region.followed, alone)
        mapping.merge(alone, leased)
        region.followed = nil
    end
    region.block = block
    rawset(region, "mine", leased)
    return true
end
local function take_block(region)
    former.note_use(region.base, region.count)
    if lease_block(region) then
        return
    end
    region.followed = mapping.create(1, false)
    rawset(
        region,
        "mine",
        mapping.create(1, false)
    )
    ngx.log(ngx.ERR, "shared_memory: all ", region.count - 1, " blocks are leased, so what this worker counts is missing from the totals until one is free")
end
local function watch(premature, region)
    if premature then
        return
    end
    if region.followed ~= nil and not lease_block(region) then
        rows.follow_drops(region, region.followed, region.mine)
    end
    lease.announce(region, region.block)
    local won = region.names:safe_add("sweep", 1, SWEEP_SECONDS * 0.9)
    if won == true then
        lease.sweep(region)
    end
    for ____, duty in ipairs(region.duties) do
        duty()
    end
end
--- Has this worker look after the region from now on: after dead workers' blocks, and its duties. Counting does the same.
-- Phases: those that may start timers; in init nothing happens.
function ____exports.attend(region)
    if region.attends or ngx.get_phase() == "init" then
        return
    end
    region.attends = true
    if rawget(region, "mine") == nil then
        take_block(region)
    end
    if ngx.get_phase() == "exit_worker" then
        return
    end
    local ok, err = ngx.timer.every(SWEEP_SECONDS, watch, region)
    if not ok then
        ngx.log(ngx.ERR, "shared_memory: cannot watch for dead workers: ", err)
    end
end
--- What the master counts before the workers fork goes to block 0; a worker takes a block of its own.
local function first_touch(region)
    if ngx.get_phase() == "init" then
        return region.common
    end
    ____exports.attend(region)
    return rawget(region, "mine")
end
local function field_of(region, field)
    return field == "mine" and first_touch(region) or nil
end
local lazily_mine = {__index = field_of}
local regions = {}
--- The dict, unless its region would have to be made here and now, where no other worker could ever reach it.
local function shareable(dict_name)
    local dict = ngx.shared[dict_name]
    if dict == nil or ngx.get_phase() == "init" or (dict:get("region")) ~= nil then
        return dict
    end
    ngx.log(ngx.ERR, "shared_memory: ", dict_name, " was not opened in init_by_lua, so no worker sees the others' numbers")
    return nil
end
--- Maps a new region; the master gives back those of former dicts, and what only this configuration had when that ends.
local function make_base(dict_name, count)
    local blocks = count + AREAS
    local base = mapping.create(blocks, dict_name ~= nil)
    if dict_name == nil then
        return mapping.unmapped_with_lua(base, blocks)
    end
    former.follow(base, count, dict_name)
    return base
end
--- The region that belongs to a shared dict; everybody who names the dict gets the same one. Without such a dict, or
-- when a worker is the first to open it, the numbers stay in each process (`shared` is false). Raises when the system
-- has no memory to map. Phases: init (the mapping must exist before the workers fork).
-- 
-- @param workers how many workers, draining ones included, can hold a block (eight times as many as nginx starts or the
-- machine has processors, 255 at least); fixed until nginx restarts
function ____exports.open(dict_name, workers)
    if workers == nil then
        workers = blocks_wanted()
    end
    local known = regions[dict_name]
    if known ~= nil then
        return known
    end
    local dict = shareable(dict_name)
    local names = dict or local_names()
    local left_behind = names:get("region")
    local base
    local count = workers + 1
    if left_behind == nil then
        local ____make_base_1 = make_base
        local ____temp_0
        if dict == nil then
            ____temp_0 = nil
        else
            ____temp_0 = dict_name
        end
        base = ____make_base_1(____temp_0, count)
        names:set(
            "region",
            (((mapping.to_text(base) .. " ") .. tostring(count)) .. " ") .. LAYOUT
        )
    else
        local address, blocks = string.match(left_behind, ("^(%d+) (%d+) " .. LAYOUT) .. "$")
        if address == nil then
            error(("shared_memory: another version laid out \"" .. dict_name) .. "\": stop nginx and start it again", 0)
        end
        base = mapping.from_text(address)
        count = tonumber(blocks)
    end
    if left_behind == nil or ngx.get_phase() == "init" then
        base[CONFIGURATION] = base[CONFIGURATION] + 1
    end
    local ____areas_of_result_2 = areas_of(base, count)
    local generations = ____areas_of_result_2.generations
    local sizes = ____areas_of_result_2.sizes
    local kept = ____areas_of_result_2.kept
    local touched = ____areas_of_result_2.touched
    local seen = ____areas_of_result_2.seen
    local pins = ____areas_of_result_2.pins
    local fields = {
        shared = dict ~= nil,
        names = names,
        base = base,
        common = base,
        count = count,
        block = 0,
        configuration = base[CONFIGURATION],
        attends = false,
        duties = {},
        generations = generations,
        sizes = sizes,
        kept = kept,
        touched = touched,
        seen = seen,
        pins = pins
    }
    local region = setmetatable(fields, lazily_mine)
    regions[dict_name] = region
    return region
end
local function claim(region, name, count, cursor, first, limit)
    local key = "slot:" .. name
    local known = region.names:get(key)
    if known ~= nil then
        return known
    end
    local slot, err = advance(
        region.names,
        cursor,
        count,
        first,
        limit
    )
    if slot == nil then
        return nil, err
    end
    local numbered = region.names:safe_set(
        "name:" .. tostring(slot),
        name
    )
    local named = region.names:safe_add(key, slot)
    if numbered == true and named == true then
        return slot
    end
    region.names:delete("name:" .. tostring(slot))
    local winner = region.names:get(key)
    if winner ~= nil and winner ~= slot then
        return winner
    end
    region.names:delete(key)
    return nil, "the lua_shared_dict is full"
end
--- The first of `count` adjoining slots with this name; whoever asks with the same name and count gets the same slots.
-- Phases: any. On failure nil and why; LOST_SLOT is then a safe place to write to.
function ____exports.slot(region, name, count)
    if count == nil then
        count = 1
    end
    return claim(
        region,
        name,
        count,
        "next_slot",
        rows.FIRST_SLOT,
        mapping.FIRST_TRANSIENT
    )
end
--- A slot that falls to zero with the worker that wrote it: for a count of what goes on right now. Else as `slot`.
function ____exports.transient_slot(region, name)
    return claim(
        region,
        name,
        1,
        "next_transient",
        mapping.FIRST_TRANSIENT,
        mapping.SLOTS
    )
end
--- The sum of a slot over all blocks, those of draining and dead workers included. Phases: any.
function ____exports.total(region, slot)
    local base = region.base
    local sum = base[slot]
    for block = 1, base[lease.HIGHEST_BLOCK] do
        sum = sum + base[block * mapping.SLOTS + slot]
    end
    return sum
end
--- The lowest value above 0 that a slot has in any block; 0 where there is none. Phases: any.
function ____exports.least(region, slot)
    local base = region.base
    local found = 0
    for block = 0, base[lease.HIGHEST_BLOCK] do
        local value = base[block * mapping.SLOTS + slot]
        if value > 0 and (found == 0 or value < found) then
            found = value
        end
    end
    return found
end
--- Adds to a slot of this worker's block. Phases: any.
function ____exports.add(region, slot, by)
    local mine = region.mine
    mine[slot] = mine[slot] + by
end
--- How many slots of a space have names, and how many are left for new ones. Phases: any; a quarter of a millisecond when
-- there are many.
function ____exports.usage(region, space)
    if space == nil then
        space = rows.LASTING
    end
    local used = rows.limit(region, space) - space.first - rows.unused(region, space)
    return used, space.limit - space.first - used
end
--- Gives this worker's block back; transient slots fall to zero, counts stay. Phases: exit_worker.
function ____exports.release(region)
    if region.block == 0 then
        return
    end
    lease.release(region, region.block)
    region.block = 0
end
return ____exports
