local ____exports = {}
local math_min = math.min
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_begin = time_slice.begin
local time_slice_is_over = time_slice.is_over
local time_slice_renew = time_slice.renew
local time_slice_yield_now = time_slice.yield_now
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_allocate = c_memory.allocate
local c_memory_free = c_memory.free
local large_memory = require("resty.openclaw.core.memory.large_memory")
local large_memory_LARGE_BYTES = large_memory.LARGE_BYTES
--- The C library has longer memory from the system, and gives it back as soon as it is freed.
local MOST_BYTES = large_memory_LARGE_BYTES - 65536
--- Of most processors; where pages are larger, each is written to several times.
local PAGE_BYTES = 4096
--- What is written to between two looks at the clock: up to 0.3 ms.
local STEP_BYTES = 64 * PAGE_BYTES
--- Has the C library keep memory that is written to already, as the next that it gives out for so many bytes: to be called right before. Where it
-- cannot, nothing is lost but the time. Phases: rewrite, access, content, timer; yields.
local function prepare(bytes)
    if bytes > MOST_BYTES then
        return
    end
    local memory = c_memory_allocate(bytes)
    if memory == nil then
        return
    end
    local slice = time_slice_begin()
    for step = 0, bytes - 1, STEP_BYTES do
        if time_slice_is_over(slice) then
            time_slice_yield_now()
            time_slice_renew(slice)
        end
        local last = math_min(step + STEP_BYTES, bytes) - 1
        for at = step, last, PAGE_BYTES do
            memory[at] = 0
        end
    end
    time_slice_yield_now()
    c_memory_free(memory)
end
____exports.prepare = prepare
return ____exports
