local ____exports = {}
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
--- Says so. Phases: rewrite, access, content.
local function note()
    request_state_open().has_own_answer = true
end
____exports.note = note
--- Whether it was said. Phases: header_filter, body_filter, log.
local function is_here()
    local ____opt_0 = request_state_present()
    return (____opt_0 and ____opt_0.has_own_answer) == true
end
____exports.is_here = is_here
return ____exports
