local ____exports = {}
local pcall = pcall
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
ffi_cdef("int openclaw_mallopt(int option, int value) __asm__(\"mallopt\");")
--- M_MMAP_THRESHOLD, M_TRIM_THRESHOLD and M_TOP_PAD of glibc.
local MMAP_THRESHOLD = -3
local TRIM_THRESHOLD = -1
local TOP_PAD = -2
--- Memory of this length, for which there is no room, is the system's again as soon as it is freed. Bodies are mostly shorter: new memory costs
-- 0.5 ms for each MB.
local LARGE_BYTES = 16 * 1024 * 1024
____exports.LARGE_BYTES = LARGE_BYTES
--- When more is free at the end of its memory, it gives back what is beyond `KEPT_BYTES`: 0.1 ms for each MB.
local FREE_BYTES = 2 * LARGE_BYTES
local KEPT_BYTES = FREE_BYTES - 2 * 1024 * 1024
local function set(option, value)
    ffi.C.openclaw_mallopt(option, value)
end
--- Has the process give back large memory that is free, but not all of it in one go. Otherwise glibc keeps, for each thread, memory for the largest
-- that it has seen, and then gives back all at once. Phases: any.
local function give_back()
    local is_known = pcall(set, MMAP_THRESHOLD, LARGE_BYTES)
    if not is_known then
        return
    end
    set(TRIM_THRESHOLD, FREE_BYTES)
    set(TOP_PAD, KEPT_BYTES)
end
____exports.give_back = give_back
return ____exports
