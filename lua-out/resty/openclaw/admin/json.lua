local ____exports = {}
local outputs = require("resty.openclaw.core.text.json.output")
local outputs_collecting = outputs.collecting
local outputs_finish = outputs.finish
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_paced = time_slice.paced
--- A value as JSON. Phases: content; yields.
local function written(write, value)
    local output = outputs_collecting(time_slice_paced(time_slice.yield_now))
    write(output, value)
    return outputs_finish(output)
end
____exports.written = written
return ____exports
