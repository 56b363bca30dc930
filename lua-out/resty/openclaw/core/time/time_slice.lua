local ____exports = {}
local pcall = pcall
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_new = ffi.new
ffi_cdef("extern const char ngx_posted_delayed_events;")
local function delayed_events()
    return ffi.C.ngx_posted_delayed_events
end
local has_delayed_events = pcall(delayed_events)
local SECONDS = has_delayed_events and 0 or 0.001
--- Goes on when all who wait have had their turn. Phases: those that may yield.
local function yield_now()
    ngx.sleep(SECONDS)
end
____exports.yield_now = yield_now
ffi_cdef("\n    struct openclaw_slice_time { int64_t seconds; int64_t nanoseconds; };\n    int openclaw_slice_clock(int which, struct openclaw_slice_time *time) __asm__(\"clock_gettime\");\n")
--- CLOCK_MONOTONIC. Source: Linux's time.h.
local CLOCK_MONOTONIC = 1
local present = ffi_new("struct openclaw_slice_time")
--- Milliseconds since some moment, read anew: nginx's own clocks stand still while a worker is at work.
local function read_clock()
    ffi.C.openclaw_slice_clock(CLOCK_MONOTONIC, present)
    return tonumber(present.seconds) * 1000 + tonumber(present.nanoseconds) / 1000000
end
--- How long work goes on without a pause, in milliseconds.
local SLICE = 1
--- Work that begins now. Phases: any.
local function begin()
    return {ends = read_clock() + SLICE}
end
____exports.begin = begin
--- Whether the work has gone on for a millisecond: 40 ns. Phases: any.
local function is_over(of)
    return read_clock() >= of.ends
end
____exports.is_over = is_over
--- Begins the next slice, after a pause. Phases: any.
local function renew(of)
    of.ends = read_clock() + SLICE
end
____exports.renew = renew
--- A function to call between any two small pieces of long work: it calls `pause` when the work has gone on for a
-- millisecond since the last pause, whatever each piece takes. Phases: those in which `pause` may be called.
local function paced(pause)
    local its_slice = begin()
    return function()
        if not is_over(its_slice) then
            return
        end
        pause()
        renew(its_slice)
    end
end
____exports.paced = paced
return ____exports
