local ____exports = {}
local buffer = require("string.buffer")
local buffer_new = buffer.new
--- A piece goes out when there are so many bytes: about a tenth of a millisecond of work.
local PIECE_BYTES = 4096
--- An output whose text goes out piece by piece. Phases: any.
local function sending(send, yield_if_due)
    return {
        text = buffer_new(),
        send = send,
        yield_if_due = yield_if_due
    }
end
____exports.sending = sending
--- An output that keeps its text until `finish`. Phases: any.
local function collecting(yield_if_due)
    return {
        text = buffer_new(),
        send = nil,
        yield_if_due = yield_if_due
    }
end
____exports.collecting = collecting
--- To be called between two values: sends what there is where that is enough. Phases: those in which the output may yield.
local function step(output)
    local ____output_0 = output
    local text = ____output_0.text
    local send = ____output_0.send
    if send ~= nil and #text >= PIECE_BYTES then
        send(text:get())
    end
    output.yield_if_due()
end
____exports.step = step
--- Sends the rest, and returns it: all of the text where the output collects it. Else as `step`.
local function finish(output)
    local rest = output.text:get()
    if output.send ~= nil then
        output.send(rest)
    end
    return rest
end
____exports.finish = finish
return ____exports
