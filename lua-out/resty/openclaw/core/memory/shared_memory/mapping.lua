local ____exports = {}
local ffi = require("ffi")
ffi.cdef("void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset);")
ffi.cdef("int munmap(void *address, size_t length);")
--- Slots a block has. Pages that nobody writes cost no memory.
____exports.SLOTS = 393216
--- From this slot on, a block's slots fall to zero with the worker that holds it, but for those a held row keeps.
____exports.FIRST_TRANSIENT = 262144
--- A whole number of pages, whatever their size.
____exports.BLOCK_BYTES = ____exports.SLOTS * 8
local PROT_READ_WRITE = bit.bor(1, 2)
local MAP_SHARED = 1
local MAP_PRIVATE = 2
--- MAP_ANONYMOUS | MAP_NORESERVE, as x86-64 and ARM have them.
local MAP_LAZY = bit.bor(32, 16384)
--- Maps that many blocks, all zero. Raises when the system refuses.
function ____exports.create(blocks, shared)
    local bytes = blocks * ____exports.BLOCK_BYTES
    local sharing = shared and MAP_SHARED or MAP_PRIVATE
    local address = ffi.C.mmap(
        nil,
        bytes,
        PROT_READ_WRITE,
        bit.bor(sharing, MAP_LAZY),
        -1,
        0
    )
    if ffi.cast("intptr_t", address) == ffi.cast("intptr_t", -1) then
        error(
            (("shared_memory: cannot map " .. tostring(bytes)) .. " bytes: errno ") .. tostring(ffi.errno()),
            0
        )
    end
    return ffi.cast("double *", address)
end
--- Gives that many blocks back to the system, in this process: others that have inherited them keep theirs.
function ____exports.unmap(base, blocks)
    ffi.C.munmap(base, blocks * ____exports.BLOCK_BYTES)
end
--- Has private memory go when this Lua VM ends, which every reload begins anew; whoever keeps the result keeps it.
function ____exports.unmapped_with_lua(base, blocks)
    return ffi.gc(
        base,
        function(memory) return ____exports.unmap(memory, blocks) end
    )
end
--- The address as text, for a process that has inherited the mapping.
function ____exports.to_text(base)
    return string.format(
        "%.0f",
        tonumber(ffi.cast("uintptr_t", base))
    )
end
--- Undoes `to_text`.
function ____exports.from_text(address)
    return ffi.cast(
        "double *",
        tonumber(address)
    )
end
--- Where a block begins.
function ____exports.block_at(base, block)
    return base + block * ____exports.SLOTS
end
--- Zeroes so many slots of a block from one on.
function ____exports.clear(base, block, slot, count)
    ffi.fill(base + (block * ____exports.SLOTS + slot), count * 8)
end
--- Adds all that one block holds to another.
function ____exports.merge(from, into)
    for slot = 0, ____exports.SLOTS - 1 do
        local value = from[slot]
        if value ~= 0 then
            into[slot] = into[slot] + value
        end
    end
end
return ____exports
