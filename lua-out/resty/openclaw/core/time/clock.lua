local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local function read_boot()
    local file = io.open("/proc/sys/kernel/random/boot_id", "r")
    if file == nil then
        return ""
    end
    local line = file:read("*l")
    file:close()
    return line or ""
end
--- Names the start of the machine since which `now` goes on; no two have one name. Empty where the system does not tell.
local BOOT = read_boot()
____exports.BOOT = BOOT
ffi_cdef("extern volatile uintptr_t openclaw_current_msec __asm__(\"ngx_current_msec\");")
local library = ffi.C
--- Seconds since some moment, the same for all processes of the machine: nginx's own clock for timers, as old as its
-- round of events. Phases: any. Source: ngx_monotonic_time in ngx_times.c.
local function now()
    return tonumber(library.openclaw_current_msec) / 1000
end
____exports.now = now
return ____exports
