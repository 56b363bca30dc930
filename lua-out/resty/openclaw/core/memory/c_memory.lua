local ____exports = {}
local tonumber = tonumber
local math_max = math.max
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
ffi_cdef("\n    void *openclaw_memory_allocate(size_t bytes) __asm__(\"malloc\");\n    void openclaw_memory_free(void *memory) __asm__(\"free\");\n    void *openclaw_memory_find(const void *memory, int byte, size_t bytes) __asm__(\"memchr\");\n")
--- A finalizer: LuaJIT calls it when nobody knows the memory any more.
local release = ffi.C.openclaw_memory_free
--- So many bytes, which nobody has set; nothing if there is no memory. Phases: any.
local function allocate(bytes)
    local memory = ffi.C.openclaw_memory_allocate(math_max(bytes, 1))
    if memory == nil then
        return nil
    end
    return ffi_gc(
        ffi_cast("uint8_t *", memory),
        release
    )
end
____exports.allocate = allocate
--- Gives the memory back. It must not be used any more. Phases: any.
local function free(memory)
    ffi_gc(memory, nil)
    ffi.C.openclaw_memory_free(memory)
end
____exports.free = free
--- Its address as a number, which a double holds exactly: addresses of programs have 47 bits. It stays this object's. Phases: any.
local function address_of(memory)
    return (tonumber(ffi_cast("uintptr_t", memory)))
end
____exports.address_of = address_of
--- Hands the memory over to whoever gets its address: it is not given back here any more. Phases: any.
local function hand_over(memory)
    ffi_gc(memory, nil)
    return address_of(memory)
end
____exports.hand_over = hand_over
--- The memory at an address that somebody has handed over. Phases: any.
local function take_over(address)
    return ffi_gc(
        ffi_cast("uint8_t *", address),
        release
    )
end
____exports.take_over = take_over
--- The memory at an address that stays somebody else's. Phases: any.
function ____exports.at(address)
    return (ffi_cast("uint8_t *", address))
end
--- The place of a byte from `at` on, before `limit`; `limit` if there is none. Phases: any.
local function find_byte(memory, at, limit, byte)
    local found = ffi.C.openclaw_memory_find(memory + at, byte, limit - at)
    if found == nil then
        return limit
    end
    return ffi_cast("const uint8_t *", found) - memory
end
____exports.find_byte = find_byte
return ____exports
