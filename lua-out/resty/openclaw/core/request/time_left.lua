local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local request_state = require("resty.openclaw.core.request.request_state")
--- Sets the deadline to so many seconds from now.
function ____exports.limit(seconds)
    request_state.open().ends = clock.now() + seconds
end
--- The seconds left, below 0 after the deadline; nothing for a request without one.
function ____exports.seconds()
    local ____opt_0 = request_state.present()
    local ends = ____opt_0 and ____opt_0.ends
    if ends == nil then
        return nil
    end
    return ends - clock.now()
end
--- Notes the start of an attempt; `short`: with too little time to blame the node for a timeout.
function ____exports.begin_try(short)
    request_state.open().has_short_try = short
end
--- Whether the current or last attempt began with too little time to blame its node for a timeout.
function ____exports.was_short()
    local state = request_state.present()
    return (state and state.has_short_try) == true and state.ends ~= nil
end
--- Removes the deadline, where the state of the request is not forgotten as a whole. Phases: log.
function ____exports.forget()
    local state = request_state.present()
    if state == nil then
        return
    end
    state.ends = nil
    state.has_short_try = nil
end
return ____exports
