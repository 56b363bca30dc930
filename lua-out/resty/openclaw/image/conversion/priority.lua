local ____exports = {}
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
ffi_cdef("\n    int openclaw_priority_get(int which, unsigned int who) __asm__(\"getpriority\");\n    int openclaw_priority_set(int which, unsigned int who, int niceness) __asm__(\"setpriority\");\n")
--- PRIO_PROCESS, and the calling thread.
local PROCESS = 0
local THIS = 0
local NICENESS = 10
--- Lowers the priority of the thread that calls it, and of the threads that it starts from then on, for good: without privileges none can be
-- raised. Does nothing where it is lower already. Phases: any, but not in the worker's own thread.
local function lower()
    local niceness = ffi.C.openclaw_priority_get(PROCESS, THIS)
    if niceness < NICENESS then
        ffi.C.openclaw_priority_set(PROCESS, THIS, NICENESS)
    end
end
____exports.lower = lower
return ____exports
