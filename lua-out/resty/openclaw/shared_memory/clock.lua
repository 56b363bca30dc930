local ____exports = {}
local ffi = require("ffi")
ffi.cdef("extern volatile uintptr_t ngx_current_msec;")
--- Seconds since some moment in the past, as of this turn of nginx's loop. Source: ngx_monotonic_time in ngx_times.c.
function ____exports.steady_seconds()
    return tonumber(ffi.C.ngx_current_msec) / 1000
end
return ____exports
