local ____exports = {}
local clock = require("resty.openclaw.core.time.clock")
--- Has a head say when it was written, by the machine's uptime; returns it. Phases: any.
function ____exports.stamped(head)
    head.boot = clock.BOOT
    head.uptime = clock.now()
    return head
end
--- Its age in seconds: by the machine's uptime while that goes on, else by the time of day. `written`: when it was written, in
-- seconds since 1970 as the clock was then. Phases: any.
function ____exports.of(head, written)
    if clock.BOOT == "" or head.boot ~= clock.BOOT or type(head.uptime) ~= "number" then
        return ngx.now() - written
    end
    return clock.now() - head.uptime
end
return ____exports
