local ____exports = {}
local process = require("resty.openclaw.core.process.process_identity")
local ____areas = require("resty.openclaw.core.memory.shared_memory.areas")
local areas_of = ____areas.areas_of
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
--- Slot 1 of block 0: the highest block ever leased, so that a sum stops there.
____exports.HIGHEST_BLOCK = 1
--- A worker that dies while it reclaims a block leaves this mark for so long, in seconds.
local RECLAIM_SECONDS = 5
--- Zeroes a block's transient slots, as far as they have been handed out.
local function clear_transient(blocks, block)
    local ____areas_of_result_0 = areas_of(blocks.base, blocks.count)
    local sizes = ____areas_of_result_0.sizes
    local kept = ____areas_of_result_0.kept
    local limit = (blocks.names:get("next_transient")) or mapping.FIRST_TRANSIENT
    local slot = mapping.FIRST_TRANSIENT
    while slot < limit do
        local size = math.max(sizes[slot], 1)
        mapping.clear(blocks.base, block, slot, size - kept[slot])
        slot = slot + size
    end
end
--- Gives a block back: transient slots fall to zero, counts stay for the next holder to go on from.
function ____exports.release(blocks, block)
    clear_transient(blocks, block)
    blocks.names:delete("block:" .. tostring(block))
end
--- Takes a dead worker's block back; of the workers that notice, one does it.
local function reclaim(blocks, block, holder)
    local mark = "reclaim:" .. tostring(block)
    local won = blocks.names:safe_add(mark, 1, RECLAIM_SECONDS)
    if won ~= true then
        return
    end
    if (blocks.names:get("block:" .. tostring(block))) == holder then
        ____exports.release(blocks, block)
    end
    blocks.names:delete(mark)
end
--- Takes back the blocks of all dead workers. Costs two system calls for each leased block.
function ____exports.sweep(blocks)
    for block = 1, blocks.base[____exports.HIGHEST_BLOCK] do
        local holder = blocks.names:get("block:" .. tostring(block))
        if holder ~= nil and not process.is_alive(holder) then
            reclaim(blocks, block, holder)
        end
    end
end
--- Notes that a block is in use. Two workers that take blocks at one moment may undo each other's note: repeat it.
function ____exports.announce(blocks, block)
    if block > blocks.base[____exports.HIGHEST_BLOCK] then
        blocks.base[____exports.HIGHEST_BLOCK] = block
    end
end
--- The lowest free block, now this worker's; nothing when all are leased.
function ____exports.take(blocks)
    local holder = process.identity()
    for block = 1, blocks.count - 1 do
        local taken = blocks.names:safe_add(
            "block:" .. tostring(block),
            holder
        )
        if taken == true then
            ____exports.announce(blocks, block)
            return block
        end
    end
    return nil
end
return ____exports
