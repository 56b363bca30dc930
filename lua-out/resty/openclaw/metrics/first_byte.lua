local ____exports = {}
local request = require("resty.openclaw.core.request.request")
local request_state = require("resty.openclaw.core.request.request_state")
local clock = require("resty.openclaw.core.time.clock")
--- Notes the start of the response. Phases: header_filter.
function ____exports.note()
    if not request.is_subrequest() then
        request_state.open().first_byte_at = clock.now()
    end
end
--- Seconds from the first byte of the request to the first byte of the response; forgets them. Nothing where there is no response, or no
-- header filter in the location. `taken`: seconds from the first byte of the request to now.
-- Phases: log.
function ____exports.take(taken)
    local state = request_state.present()
    local at = state and state.first_byte_at
    if at == nil then
        return nil
    end
    state.first_byte_at = nil
    return math.max(
        0,
        taken - (clock.now() - at)
    )
end
return ____exports
