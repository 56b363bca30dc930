local ____exports = {}
local inflations = require("resty.openclaw.core.bytes.inflation")
local inflations_OUTPUT_BYTES = inflations.OUTPUT_BYTES
local inflations_give = inflations.give
local inflations_step = inflations.step
____exports.finish = inflations.finish
local create = inflations.new
____exports.new = create
--- What comes of one piece of an answer is no more than this, or the answer is given up: zlib makes a thousand times as much of a
-- hostile one, and 512 KB take it a millisecond.
local MOST_STEPS = 32
--- Uncompresses the next bytes for a reader. Phases: any. Sets `problem` when they are no such data, or too much comes of them.
function ____exports.feed(inflation, reader, memory, bytes)
    if inflation.problem ~= nil or inflation.is_ended then
        return
    end
    inflations_give(inflation, memory, bytes)
    for _ = 1, MOST_STEPS do
        local made = inflations_step(inflation)
        if made > 0 then
            reader:feed(inflations.output, made)
        end
        if made < inflations_OUTPUT_BYTES or inflation.is_ended then
            return
        end
    end
    inflation.problem = "its compressed data expands too much"
end
return ____exports
