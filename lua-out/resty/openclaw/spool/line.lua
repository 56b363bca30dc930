local ____exports = {}
local ffi = require("ffi")
local buffers = require("string.buffer")
ffi.cdef("\n    unsigned int openclaw_spool_checksum(const uint8_t *bytes, size_t count) __asm__(\"ngx_http_lua_ffi_crc32_long\");\n    uint8_t *openclaw_spool_find(const uint8_t *bytes, int byte, size_t count) __asm__(\"memchr\");\n")
--- Bytes before the entry.
____exports.HEAD_BYTES = 16
--- Bytes of a line besides the entry.
____exports.OTHER_BYTES = ____exports.HEAD_BYTES + 1
local CHECKSUM_BYTES = 8
local LINE_END = 10
local written = buffers.new()
--- The checksum of so many bytes, in hex.
local function checksum(memory, count)
    return string.format(
        "%08x",
        tonumber(ffi.C.openclaw_spool_checksum(memory, count))
    )
end
--- The line of an entry, in memory that holds it until the next call, and its length. Phases: any.
function ____exports.encode(entry, seconds)
    local place, count = written:reset():put(
        "        ",
        string.format("%08x", seconds),
        entry,
        "\n"
    ):ref()
    local memory = place
    local bytes = count - CHECKSUM_BYTES - 1
    ffi.copy(
        place,
        checksum(memory + CHECKSUM_BYTES, bytes),
        CHECKSUM_BYTES
    )
    return memory, count
end
--- How many bytes there are before the first line end; nothing where there is none. Phases: any.
function ____exports.length(memory, count)
    local found = ffi.C.openclaw_spool_find(memory, LINE_END, count)
    local ____temp_0
    if found == nil then
        ____temp_0 = nil
    else
        ____temp_0 = found - memory
    end
    return ____temp_0
end
--- Whether the checksum of a line is right. `bytes`: its length without the line end. Phases: any.
function ____exports.is_valid(memory, bytes)
    if bytes <= ____exports.HEAD_BYTES then
        return false
    end
    local given = ffi.string(memory, CHECKSUM_BYTES)
    return given == checksum(memory + CHECKSUM_BYTES, bytes - CHECKSUM_BYTES)
end
--- When the entry of a line was appended; 0 where that cannot be read. Phases: any.
function ____exports.stamp(memory)
    local seconds = tonumber(
        ffi.string(memory + CHECKSUM_BYTES, CHECKSUM_BYTES),
        16
    ) or 0
    return seconds
end
return ____exports
