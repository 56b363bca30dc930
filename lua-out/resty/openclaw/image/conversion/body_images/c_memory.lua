local ____exports = {}
local math_max = math.max
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
ffi_cdef("\n    void *openclaw_malloc(size_t bytes) __asm__(\"malloc\");\n    void openclaw_free(void *memory) __asm__(\"free\");\n    void *openclaw_memchr(const void *memory, int byte, size_t bytes) __asm__(\"memchr\");\n")
--- So many bytes, which are given back when the value is collected; nothing if there is no memory. Phases: any.
local function take(bytes)
    local memory = ffi.C.openclaw_malloc(math_max(bytes, 1))
    if memory == nil then
        return nil
    end
    return ffi_gc(
        ffi_cast("uint8_t *", memory),
        ffi.C.openclaw_free
    )
end
____exports.take = take
--- Gives memory of `take` back at once. Nobody may use it any more. Phases: any.
local function give_back(memory)
    ffi_gc(memory, nil)
    ffi.C.openclaw_free(memory)
end
____exports.give_back = give_back
--- The place of a byte from `at` on, before `end`; `end` if there is none. Phases: any.
local function find_byte(memory, at, ____end, byte)
    local found = ffi.C.openclaw_memchr(memory + at, byte, ____end - at)
    if found == nil then
        return ____end
    end
    return ffi_cast("const uint8_t *", found) - memory
end
____exports.find_byte = find_byte
return ____exports
