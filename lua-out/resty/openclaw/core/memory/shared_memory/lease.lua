local ____exports = {}
local tostring = tostring
local math_max = math.max
local process = require("resty.openclaw.core.process.process_identity")
local process_identity = process.identity
local process_is_alive = process.is_alive
local ____areas = require("resty.openclaw.core.memory.shared_memory.areas")
local areas_of = ____areas.areas_of
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_FIRST_TRANSIENT = mapping.FIRST_TRANSIENT
local mapping_clear = mapping.clear
--- Slot 1 of block 0: the highest block ever leased, so that a sum stops there.
local HIGHEST_BLOCK = 1
____exports.HIGHEST_BLOCK = HIGHEST_BLOCK
--- A worker that dies while it reclaims a block leaves this mark for so long, in seconds.
local RECLAIM_SECONDS = 5
--- Zeroes a block's transient slots, as far as they have been handed out.
local function clear_transient(blocks, block)
    local ____areas_of_result_0 = areas_of(blocks.base, blocks.count)
    local sizes = ____areas_of_result_0.sizes
    local kept = ____areas_of_result_0.kept
    local limit = (blocks.names:get("next_transient")) or mapping_FIRST_TRANSIENT
    local slot = mapping_FIRST_TRANSIENT
    while slot < limit do
        local size = math_max(sizes[slot], 1)
        mapping_clear(blocks.base, block, slot, size - kept[slot])
        slot = slot + size
    end
end
--- Gives a block back: transient slots fall to zero, counts stay for the next holder to go on from.
local function release(blocks, block)
    clear_transient(blocks, block)
    blocks.names:delete("block:" .. tostring(block))
end
____exports.release = release
--- Takes a dead worker's block back; of the workers that notice, one does it.
local function reclaim(blocks, block, holder)
    local mark = "reclaim:" .. tostring(block)
    local won = blocks.names:safe_add(mark, 1, RECLAIM_SECONDS)
    if won ~= true then
        return
    end
    if (blocks.names:get("block:" .. tostring(block))) == holder then
        release(blocks, block)
    end
    blocks.names:delete(mark)
end
--- Takes back the blocks of all dead workers. Costs two system calls for each leased block.
local function sweep(blocks)
    for block = 1, blocks.base[HIGHEST_BLOCK] do
        local holder = blocks.names:get("block:" .. tostring(block))
        if holder ~= nil and not process_is_alive(holder) then
            reclaim(blocks, block, holder)
        end
    end
end
____exports.sweep = sweep
--- Notes that a block is in use. Two workers that take blocks at one moment may undo each other's note: repeat it.
local function announce(blocks, block)
    if block > blocks.base[HIGHEST_BLOCK] then
        blocks.base[HIGHEST_BLOCK] = block
    end
end
____exports.announce = announce
--- The lowest free block, now this worker's; nothing when all are leased.
local function take(blocks)
    local holder = process_identity()
    for block = 1, blocks.count - 1 do
        local taken = blocks.names:safe_add(
            "block:" .. tostring(block),
            holder
        )
        if taken == true then
            announce(blocks, block)
            return block
        end
    end
    return nil
end
____exports.take = take
return ____exports
