local ____exports = {}
local math_max = math.max
local request = require("resty.openclaw.core.request.request")
local request_is_subrequest = request.is_subrequest
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- Notes the start of the response. Phases: header_filter.
local function note()
    if not request_is_subrequest() then
        request_state_open().first_byte_at = clock_now()
    end
end
____exports.note = note
--- Seconds from the first byte of the request to the first byte of the response; forgets them. Nothing where there is no response, or no
-- header filter in the location. `taken`: seconds from the first byte of the request to now.
-- Phases: log.
local function take(taken)
    local state = request_state_present()
    local at = state and state.first_byte_at
    if at == nil then
        return nil
    end
    state.first_byte_at = nil
    return (math_max(
        0,
        taken - (clock_now() - at)
    ))
end
____exports.take = take
return ____exports
