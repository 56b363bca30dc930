local ____exports = {}
local pcall = pcall
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
ffi_cdef("\n    extern unsigned long *openclaw_stat_requests __asm__(\"ngx_stat_requests\");\n    extern unsigned long *openclaw_stat_reading __asm__(\"ngx_stat_reading\");\n    extern unsigned long *openclaw_stat_writing __asm__(\"ngx_stat_writing\");\n")
local accounts = ffi.C
--- A request ends a moment before it is counted, so one look may come too early.
local LATE_LOOKS = 2
--- Before the first look. Phases: any.
local function none()
    return {requests = -1, quiet_looks = 0}
end
____exports.none = none
local function count_look(activity)
    local requests = tonumber(accounts.openclaw_stat_requests[0])
    local reading = tonumber(accounts.openclaw_stat_reading[0])
    local writing = tonumber(accounts.openclaw_stat_writing[0])
    local is_quiet = requests == activity.requests and reading + writing == 0
    activity.quiet_looks = is_quiet and activity.quiet_looks + 1 or 0
    activity.requests = requests
end
--- Whether anything may have been counted since the look before the last; true where nginx has no such count. To be called
-- before the totals are read. Phases: any.
local function look(activity)
    local knows = pcall(count_look, activity)
    return not knows or activity.quiet_looks < LATE_LOOKS
end
____exports.look = look
return ____exports
