local ____exports = {}
local error = error
local ipairs = ipairs
local setmetatable = setmetatable
local tonumber = tonumber
local tostring = tostring
local math_max = math.max
local string_match = string.match
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ____areas = require("resty.openclaw.core.memory.shared_memory.areas")
local areas_AREAS = ____areas.AREAS
local AREAS = areas_AREAS
local areas_of = ____areas.areas_of
local former = require("resty.openclaw.core.memory.shared_memory.former")
local former_follow = former.follow
local former_note_use = former.note_use
local lease = require("resty.openclaw.core.memory.shared_memory.lease")
local lease_HIGHEST_BLOCK = lease.HIGHEST_BLOCK
local lease_announce = lease.announce
local lease_release = lease.release
local lease_sweep = lease.sweep
local lease_take = lease.take
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_FIRST_TRANSIENT = mapping.FIRST_TRANSIENT
local mapping_SLOTS = mapping.SLOTS
local mapping_block_at = mapping.block_at
local mapping_create = mapping.create
local mapping_from_text = mapping.from_text
local mapping_merge = mapping.merge
local mapping_to_text = mapping.to_text
local mapping_unmapped_with_lua = mapping.unmapped_with_lua
local ____names = require("resty.openclaw.core.memory.shared_memory.names")
local advance = ____names.advance
local local_names = ____names.local_names
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_FIRST_SLOT = rows.FIRST_SLOT
local rows_LASTING = rows.LASTING
local rows_LOST_SLOT = rows.LOST_SLOT
local rows_follow_drops = rows.follow_drops
local rows_limit = rows.limit
local rows_unused = rows.unused
ffi_cdef("int get_nprocs_conf(void);")
--- Where counts without a slot are written; it is never read.
local LOST_SLOT = rows_LOST_SLOT
____exports.LOST_SLOT = LOST_SLOT
--- Slot 3 of block 0: when there was last activity, so that callers need not look at all nodes to learn it.
local LAST_ACTIVE = 3
____exports.LAST_ACTIVE = LAST_ACTIVE
--- Slot 2 of block 0: how many configurations have opened the region so far.
local CONFIGURATION = 2
--- The version of what the numbers in a region mean. Raise it when that changes, because a region survives a reload with another version.
-- 2: moments are monotonic.
local MEANING = 2
--- Two versions share a region only if this is equal in both.
local LAYOUT = (((((tostring(MEANING) .. " ") .. tostring(mapping_SLOTS)) .. " ") .. tostring(mapping_FIRST_TRANSIENT)) .. " ") .. tostring(AREAS)
--- Number of generations of workers that can hold a block each. A generation has as many workers as nginx starts or the machine has
-- processors, whichever is more, because a reload may start more workers than before. Pages that are never written cost nothing.
local GENERATIONS = 8
local LEAST_BLOCKS = 255
--- How many workers, draining ones included, are to have a block.
local function blocks_wanted()
    local workers = math_max(
        ngx.worker.count(),
        tonumber(ffi.C.get_nprocs_conf())
    )
    return (math_max(LEAST_BLOCKS, GENERATIONS * workers))
end
--- Seconds between two checks for dead holders, each by one worker.
local SWEEP_SECONDS = 0.5
--- Leases a block, and adds to it what this worker counted without one.
local function lease_block(region)
    lease_sweep(region)
    local block = lease_take(region)
    if block == nil then
        return false
    end
    local leased = mapping_block_at(region.base, block)
    if region.followed ~= nil then
        local alone = region.mine
        rows_follow_drops(region, region.followed, alone)
        mapping_merge(alone, leased)
        region.followed = nil
    end
    region.block = block
    rawset(region, "mine", leased)
    return true
end
local function take_block(region)
    former_note_use(region.base, region.count)
    if lease_block(region) then
        return
    end
    region.followed = mapping_create(1, false)
    rawset(
        region,
        "mine",
        mapping_create(1, false)
    )
    ngx.log(ngx.ERR, "shared_memory: all ", region.count - 1, " blocks are leased, so what this worker counts is missing from the totals until one is free")
end
local function watch(premature, region)
    if premature then
        return
    end
    if region.followed ~= nil and not lease_block(region) then
        rows_follow_drops(region, region.followed, region.mine)
    end
    lease_announce(region, region.block)
    local won = region.names:safe_add("sweep", 1, SWEEP_SECONDS * 0.9)
    if won == true then
        lease_sweep(region)
    end
    for ____, duty in ipairs(region.duties) do
        duty()
    end
end
--- Makes this worker maintain the region from now on: it releases dead workers' blocks and calls the duties. Counting does the same.
-- Phases: those that may start timers; in init nothing happens.
local function attend(region)
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
____exports.attend = attend
--- The master counts in block 0 before the workers fork; a worker takes a block of its own.
local function first_touch(region)
    if ngx.get_phase() == "init" then
        return region.common
    end
    attend(region)
    return rawget(region, "mine")
end
local function field_of(region, field)
    return field == "mine" and first_touch(region) or nil
end
local lazily_mine = {__index = field_of}
local regions = {}
--- The dict; nothing if its region does not exist yet and this is a worker, whose mapping no other worker could reach.
local function shareable(dict_name)
    local dict = ngx.shared[dict_name]
    if dict == nil or ngx.get_phase() == "init" or (dict:get("region")) ~= nil then
        return dict
    end
    ngx.log(ngx.ERR, "shared_memory: ", dict_name, " was not opened in init_by_lua, so no worker sees the others' numbers")
    return nil
end
--- Maps a new region. With a dict, the regions of former dicts are unmapped; without, the region is unmapped with the Lua state.
local function make_base(dict_name, count)
    local blocks = count + AREAS
    local base = mapping_create(blocks, dict_name ~= nil)
    if dict_name == nil then
        return mapping_unmapped_with_lua(base, blocks)
    end
    former_follow(base, count, dict_name)
    return base
end
--- The region of a shared dict: all callers that name the dict get the same one. Without such a dict, or if a worker is
-- the first to open it, each process has numbers of its own (`shared` is false). Raises if the system has no memory to
-- map. Phases: init (the mapping must exist before the workers fork).
-- 
-- @param workers how many workers, draining ones included, can hold a block (eight times as many as nginx starts or the
-- machine has processors, 255 at least); fixed until nginx restarts
local function open(dict_name, workers)
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
            (((mapping_to_text(base) .. " ") .. tostring(count)) .. " ") .. LAYOUT
        )
    else
        local address, blocks = string_match(left_behind, ("^(%d+) (%d+) " .. LAYOUT) .. "$")
        if address == nil then
            error(("shared_memory: another version laid out \"" .. dict_name) .. "\": stop nginx and start it again", 0)
        end
        base = mapping_from_text(address)
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
____exports.open = open
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
--- The first of `count` adjoining slots with this name; all callers with the same name and count get the same slots.
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
        rows_FIRST_SLOT,
        mapping_FIRST_TRANSIENT
    )
end
--- As `slot`, but a worker's part of it is set to zero when that worker ends: for gauges such as requests in flight.
local function transient_slot(region, name)
    return claim(
        region,
        name,
        1,
        "next_transient",
        mapping_FIRST_TRANSIENT,
        mapping_SLOTS
    )
end
____exports.transient_slot = transient_slot
--- The sum of a slot over all blocks, including those of draining and dead workers. Phases: any.
local function total(region, slot)
    local base = region.base
    local sum = base[slot]
    for block = 1, base[lease_HIGHEST_BLOCK] do
        sum = sum + base[block * mapping_SLOTS + slot]
    end
    return sum
end
____exports.total = total
--- The lowest value above 0 that a slot has in any block; 0 if there is none. Phases: any.
local function least(region, slot)
    local base = region.base
    local found = 0
    for block = 0, base[lease_HIGHEST_BLOCK] do
        local value = base[block * mapping_SLOTS + slot]
        if value > 0 and (found == 0 or value < found) then
            found = value
        end
    end
    return found
end
____exports.least = least
--- Adds to a slot of this worker's block. Phases: any.
local function add(region, slot, by)
    local mine = region.mine
    mine[slot] = mine[slot] + by
end
____exports.add = add
--- How many slots of a space have names, and how many are left for new ones. Phases: any; a quarter of a millisecond when
-- there are many.
local function usage(region, space)
    if space == nil then
        space = rows_LASTING
    end
    local used = rows_limit(region, space) - space.first - rows_unused(region, space)
    return used, space.limit - space.first - used
end
____exports.usage = usage
--- Releases this worker's block: transient slots are set to zero, counts stay. Phases: exit_worker.
local function release(region)
    if region.block == 0 then
        return
    end
    lease_release(region, region.block)
    region.block = 0
end
____exports.release = release
return ____exports
