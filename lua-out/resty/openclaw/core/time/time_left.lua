local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
local request = require("resty.openclaw.core.request.request")
--- When the time is over, by the clock that nobody sets, which is that of nginx's timers too.
local ends = {}
--- When the request began: a later one may be at the same place in memory.
local beginnings = {}
--- Requests whose present try began with too little.
local is_short = {}
--- Gives the request so many seconds from now, in place of what it had.
function ____exports.limit(seconds)
    local key = request.key()
    ends[key] = clock.now() + seconds
    beginnings[key] = request.started()
end
--- The seconds that are left, below 0 when the time is over; nothing for a request without a limit.
function ____exports.seconds()
    local key = request.key()
    local over_at = ends[key]
    if over_at == nil or beginnings[key] ~= request.started() then
        return nil
    end
    return over_at - clock.now()
end
--- Notes with how much a try begins: whether so little that nobody is to blame for running out of it.
function ____exports.begin_try(short)
    if short then
        is_short[request.key()] = true
    else
        is_short[request.key()] = nil
    end
end
--- Whether the present try, or the last one, began with too little time for its node to be blamed for a timeout.
function ____exports.was_short()
    return is_short[request.key()] ~= nil and ____exports.seconds() ~= nil
end
--- Forgets the request; to be called when it ends.
function ____exports.forget()
    local key = request.key()
    is_short[key] = nil
    ends[key] = nil
    beginnings[key] = nil
end
return ____exports
