local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_set_variable = request.set_variable
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
--- The variable, which every plugin that notes a reason declares.
local VARIABLE = "openclaw_rejection"
____exports.VARIABLE = VARIABLE
--- Sets it. Phases: rewrite, access, content.
local function note(plugin, reason)
    request_set_variable(VARIABLE, (plugin .. "/") .. reason)
end
____exports.note = note
--- The same for a request that a limit or a waiting room refuses: its status says nothing about nodes, so the metrics count it apart.
-- Phases: rewrite, access, content.
local function note_refusal(plugin, reason)
    note(plugin, reason)
    request_state_open().is_refused = true
end
____exports.note_refusal = note_refusal
--- Whether the request was refused so; forgets it, as nobody else does where plugins stand alone. Phases: log.
local function take_refusal()
    local state = request_state_present()
    if state == nil or state.is_refused ~= true then
        return false
    end
    state.is_refused = nil
    return true
end
____exports.take_refusal = take_refusal
return ____exports
