local ____exports = {}
local error = error
local tonumber = tonumber
local tostring = tostring
local bit_bor = bit.bor
local string_format = string.format
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ffi_errno = ffi.errno
local ffi_fill = ffi.fill
local ffi_gc = ffi.gc
ffi_cdef("void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset);")
ffi_cdef("int munmap(void *address, size_t length);")
--- Slots a block has. Pages that nobody writes cost no memory.
local SLOTS = 393216
____exports.SLOTS = SLOTS
--- From this slot on, a block's slots fall to zero with the worker that holds it, but for those a held row keeps.
local FIRST_TRANSIENT = 262144
____exports.FIRST_TRANSIENT = FIRST_TRANSIENT
--- A whole number of pages, whatever their size.
local BLOCK_BYTES = SLOTS * 8
____exports.BLOCK_BYTES = BLOCK_BYTES
local PROT_READ_WRITE = bit_bor(1, 2)
local MAP_SHARED = 1
local MAP_PRIVATE = 2
--- MAP_ANONYMOUS | MAP_NORESERVE, as x86-64 and ARM have them.
local MAP_LAZY = bit_bor(32, 16384)
--- Maps that many blocks, all zero. Raises when the system refuses.
local function create(blocks, shared)
    local bytes = blocks * BLOCK_BYTES
    local sharing = shared and MAP_SHARED or MAP_PRIVATE
    local address = ffi.C.mmap(
        nil,
        bytes,
        PROT_READ_WRITE,
        bit_bor(sharing, MAP_LAZY),
        -1,
        0
    )
    if ffi_cast("intptr_t", address) == ffi_cast("intptr_t", -1) then
        error(
            (("shared_memory: cannot map " .. tostring(bytes)) .. " bytes: errno ") .. tostring(ffi_errno()),
            0
        )
    end
    return (ffi_cast("double *", address))
end
____exports.create = create
--- Gives that many blocks back to the system, in this process: others that have inherited them keep theirs.
local function unmap(base, blocks)
    ffi.C.munmap(base, blocks * BLOCK_BYTES)
end
____exports.unmap = unmap
--- Has private memory go when this Lua VM ends, which every reload begins anew; whoever keeps the result keeps it.
local function unmapped_with_lua(base, blocks)
    return ffi_gc(
        base,
        function(memory) return unmap(memory, blocks) end
    )
end
____exports.unmapped_with_lua = unmapped_with_lua
--- The address as text, for a process that has inherited the mapping.
local function to_text(base)
    return (string_format(
        "%.0f",
        tonumber(ffi_cast("uintptr_t", base))
    ))
end
____exports.to_text = to_text
--- Undoes `to_text`.
local function from_text(address)
    return (ffi_cast(
        "double *",
        tonumber(address)
    ))
end
____exports.from_text = from_text
--- Where a block begins.
local function block_at(base, block)
    return base + block * SLOTS
end
____exports.block_at = block_at
--- Zeroes so many slots of a block from one on.
local function clear(base, block, slot, count)
    ffi_fill(base + (block * SLOTS + slot), count * 8)
end
____exports.clear = clear
--- Adds all that one block holds to another.
local function merge(from, into)
    for slot = 0, SLOTS - 1 do
        local value = from[slot]
        if value ~= 0 then
            into[slot] = into[slot] + value
        end
    end
end
____exports.merge = merge
return ____exports
