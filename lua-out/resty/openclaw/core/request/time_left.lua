local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_present = request_state.present
--- Sets the deadline to so many seconds from now.
local function limit(seconds)
    request_state_open().ends = clock_now() + seconds
end
____exports.limit = limit
--- The seconds left, below 0 after the deadline; nothing for a request without one.
function ____exports.seconds()
    local ____opt_0 = request_state_present()
    local ends = ____opt_0 and ____opt_0.ends
    if ends == nil then
        return nil
    end
    return ends - clock_now()
end
--- Notes the start of an attempt; `short`: with too little time to blame the node for a timeout.
local function begin_try(short)
    request_state_open().has_short_try = short
end
____exports.begin_try = begin_try
--- Whether the current or last attempt began with too little time to blame its node for a timeout.
local function was_short()
    local state = request_state_present()
    return (state and state.has_short_try) == true and state.ends ~= nil
end
____exports.was_short = was_short
--- Removes the deadline, where the state of the request is not forgotten as a whole. Phases: log.
local function forget()
    local state = request_state_present()
    if state == nil then
        return
    end
    state.ends = nil
    state.has_short_try = nil
end
____exports.forget = forget
return ____exports
