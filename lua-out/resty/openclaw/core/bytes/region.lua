local ____exports = {}
local bit_bor = bit.bor
local math_ceil = math.ceil
local math_max = math.max
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
ffi_cdef("\n    void *openclaw_map(void *address, size_t length, int protection, int flags, int fd, long offset) __asm__(\"mmap\");\n    void *openclaw_remap(void *address, size_t length, size_t new_length, int flags) __asm__(\"mremap\");\n    int openclaw_unmap(void *address, size_t length) __asm__(\"munmap\");\n")
--- Whole pages, whatever their size.
local LEAST_BYTES = 64 * 1024
____exports.LEAST_BYTES = LEAST_BYTES
local PROT_READ_WRITE = bit_bor(1, 2)
--- MAP_PRIVATE | MAP_ANONYMOUS, as x86-64 and ARM have them.
local MAP_PRIVATE_ANONYMOUS = bit_bor(2, 32)
local MREMAP_MAYMOVE = 1
--- What mmap and mremap return on failure.
local FAILED = ffi_cast("void *", -1)
--- A region of no bytes. Phases: any.
local function create()
    return {memory = nil, bytes = 0}
end
____exports.new = create
local function moved(memory, bytes, new_bytes)
    if memory ~= nil then
        return ffi.C.openclaw_remap(memory, bytes, new_bytes, MREMAP_MAYMOVE)
    end
    return ffi.C.openclaw_map(
        nil,
        new_bytes,
        PROT_READ_WRITE,
        MAP_PRIVATE_ANONYMOUS,
        -1,
        0
    )
end
--- Makes the region at least so long, or shorter, and keeps what is in it. False if there is no memory; then it is as it was.
-- Phases: any.
local function resize(region, least_bytes)
    local ____region_0 = region
    local memory = ____region_0.memory
    local bytes = math_ceil(math_max(least_bytes, 1) / LEAST_BYTES) * LEAST_BYTES
    local grown = moved(memory, region.bytes, bytes)
    if grown == FAILED then
        return false
    end
    if memory ~= nil then
        ffi_gc(memory, nil)
    end
    region.memory = ffi_gc(
        grown,
        function(its_memory) return ffi.C.openclaw_unmap(its_memory, bytes) end
    )
    region.bytes = bytes
    return true
end
____exports.resize = resize
return ____exports
