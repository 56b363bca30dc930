local ____exports = {}
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
--- The header, and its value.
local NAME = "X-OpenClaw-Image"
____exports.NAME = NAME
local VALUE = "converted"
____exports.VALUE = VALUE
--- Notes that the images of the request at hand have been converted here. Phases: access.
local function note()
    request_state_open().is_image_converted = true
end
____exports.note = note
--- Whether they have, also before an internal redirect. Phases: all with a request.
local function is_here()
    local ____opt_0 = request_state_present()
    return (____opt_0 and ____opt_0.is_image_converted) == true
end
____exports.is_here = is_here
return ____exports
