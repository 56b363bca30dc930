local ____exports = {}
local id_generator = require("resty.openclaw.core.bytes.id_generator")
local request = require("resty.openclaw.core.request.request")
--- The id of a span has half the digits.
local SPAN_BYTES = id_generator.ID_BYTES / 2
--- Gives the request an id, unless it has one. Phases: rewrite, access.
function ____exports.give(state)
    if state.has_id == true then
        return
    end
    state.has_id = true
    local id = id_generator.next_id()
    request.set_bytes("openclaw_new_id", id, id_generator.ID_BYTES)
    request.set_bytes("openclaw_parent_id", id, SPAN_BYTES)
end
return ____exports
