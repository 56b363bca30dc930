local ____exports = {}
local ffi = require("ffi")
ffi.cdef("extern volatile uintptr_t openclaw_current_msec __asm__(\"ngx_current_msec\");")
local library = ffi.C
--- Seconds since some moment, the same for all processes of the machine: nginx's own clock for timers, as old as its
-- round of events. Phases: any. Source: ngx_monotonic_time in ngx_times.c.
function ____exports.now()
    return tonumber(library.openclaw_current_msec) / 1000
end
return ____exports
