local ____exports = {}
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_gc = ffi.gc
ffi_cdef("void *openclaw_realloc(void *memory, size_t bytes) __asm__(\"realloc\");")
ffi_cdef("void openclaw_free(void *memory) __asm__(\"free\");")
--- A region of no bytes. Phases: any.
local function create()
    return {memory = nil, bytes = 0}
end
____exports.new = create
--- Makes the region so long, keeping what is in it. False if there is no memory; then it is as it was. Phases: any.
local function resize(region, bytes)
    local ____region_0 = region
    local memory = ____region_0.memory
    local grown = ffi.C.openclaw_realloc(memory, bytes)
    if grown == nil then
        return false
    end
    if memory ~= nil then
        ffi_gc(memory, nil)
    end
    region.memory = ffi_gc(grown, ffi.C.openclaw_free)
    region.bytes = bytes
    return true
end
____exports.resize = resize
--- Gives the memory back; the region may grow again. Phases: any.
local function release(region)
    local ____region_1 = region
    local memory = ____region_1.memory
    if memory == nil then
        return
    end
    ffi_gc(memory, nil)
    ffi.C.openclaw_free(memory)
    region.memory = nil
    region.bytes = 0
end
____exports.release = release
return ____exports
