local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local request_state = require("resty.openclaw.core.request.request_state")
--- Gives the request so many seconds from now, in place of what it had.
function ____exports.limit(seconds)
    request_state.open().ends = clock.now() + seconds
end
--- The seconds that are left, below 0 when the time is over; nothing for a request without a limit.
function ____exports.seconds()
    local ____opt_0 = request_state.present()
    local ends = ____opt_0 and ____opt_0.ends
    if ends == nil then
        return nil
    end
    return ends - clock.now()
end
--- Notes with how much a try begins: whether so little that nobody is to blame for running out of it.
function ____exports.begin_try(short)
    request_state.open().has_short_try = short
end
--- Whether the present try, or the last one, began with too little time for its node to be blamed for a timeout.
function ____exports.was_short()
    local state = request_state.present()
    return (state and state.has_short_try) == true and state.ends ~= nil
end
--- Takes the limit back, where nobody forgets the request as a whole. Phases: log.
function ____exports.forget()
    local state = request_state.present()
    if state == nil then
        return
    end
    state.ends = nil
    state.has_short_try = nil
end
return ____exports
