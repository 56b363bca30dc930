local ____exports = {}
local buffer = require("string.buffer")
--- A piece goes out when there are so many bytes: about a tenth of a millisecond of work.
local PIECE_BYTES = 4096
--- An output whose text goes out piece by piece. Phases: any.
function ____exports.sending(send, yield_if_due)
    return {
        text = buffer.new(),
        send = send,
        yield_if_due = yield_if_due
    }
end
--- An output that keeps its text until `finish`. Phases: any.
function ____exports.collecting(yield_if_due)
    return {
        text = buffer.new(),
        send = nil,
        yield_if_due = yield_if_due
    }
end
--- To be called between two values: sends what there is where that is enough. Phases: those in which the output may yield.
function ____exports.step(output)
    local ____output_0 = output
    local text = ____output_0.text
    local send = ____output_0.send
    if send ~= nil and #text >= PIECE_BYTES then
        send(text:get())
    end
    output.yield_if_due()
end
--- Sends the rest, and returns it: all of the text where the output collects it. Else as `step`.
function ____exports.finish(output)
    local rest = output.text:get()
    if output.send ~= nil then
        output.send(rest)
    end
    return rest
end
return ____exports
