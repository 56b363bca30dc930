local ____exports = {}
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_block_at = mapping.block_at
--- How many areas there are.
local AREAS = 7
____exports.AREAS = AREAS
--- The areas behind the blocks.
local function areas_of(base, blocks)
    return {
        generations = mapping_block_at(base, blocks),
        sizes = mapping_block_at(base, blocks + 1),
        touched = mapping_block_at(base, blocks + 2),
        seen = mapping_block_at(base, blocks + 3),
        pins = mapping_block_at(base, blocks + 4),
        kept = mapping_block_at(base, blocks + 5),
        label = mapping_block_at(base, blocks + 6)
    }
end
____exports.areas_of = areas_of
return ____exports
