local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
--- The variable, which every plugin that notes a reason declares.
local VARIABLE = "openclaw_rejection"
____exports.VARIABLE = VARIABLE
--- Sets it. Phases: rewrite, access, content.
local function note(plugin, reason)
    request_set_variable(VARIABLE, (plugin .. "/") .. reason)
end
____exports.note = note
return ____exports
