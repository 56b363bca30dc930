local ____exports = {}
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
--- How many areas there are.
____exports.AREAS = 7
--- The areas behind the blocks.
function ____exports.areas_of(base, blocks)
    return {
        generations = mapping.block_at(base, blocks),
        sizes = mapping.block_at(base, blocks + 1),
        touched = mapping.block_at(base, blocks + 2),
        seen = mapping.block_at(base, blocks + 3),
        pins = mapping.block_at(base, blocks + 4),
        kept = mapping.block_at(base, blocks + 5),
        label = mapping.block_at(base, blocks + 6)
    }
end
return ____exports
