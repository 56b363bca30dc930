local ____exports = {}
local tonumber = tonumber
local string_format = string.format
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_copy = ffi.copy
local ffi_string = ffi.string
local buffers = require("string.buffer")
local buffers_new = buffers.new
ffi_cdef("\n    unsigned int openclaw_spool_checksum(const uint8_t *bytes, size_t count) __asm__(\"ngx_http_lua_ffi_crc32_long\");\n    uint8_t *openclaw_spool_find(const uint8_t *bytes, int byte, size_t count) __asm__(\"memchr\");\n")
--- Bytes before the entry.
local HEAD_BYTES = 16
____exports.HEAD_BYTES = HEAD_BYTES
--- Bytes of a line besides the entry.
local OTHER_BYTES = HEAD_BYTES + 1
____exports.OTHER_BYTES = OTHER_BYTES
local CHECKSUM_BYTES = 8
local LINE_END = 10
local written = buffers_new()
--- The checksum of so many bytes, in hex.
local function checksum(memory, count)
    return (string_format(
        "%08x",
        tonumber(ffi.C.openclaw_spool_checksum(memory, count))
    ))
end
--- The line of an entry, in memory that holds it until the next call, and its length. Phases: any.
local function encode(entry, seconds)
    local place, count = written:reset():put(
        "        ",
        string_format("%08x", seconds),
        entry,
        "\n"
    ):ref()
    local memory = place
    local bytes = count - CHECKSUM_BYTES - 1
    ffi_copy(
        place,
        checksum(memory + CHECKSUM_BYTES, bytes),
        CHECKSUM_BYTES
    )
    return memory, count
end
____exports.encode = encode
--- How many bytes there are before the first line end; nothing where there is none. Phases: any.
local function length(memory, count)
    local found = ffi.C.openclaw_spool_find(memory, LINE_END, count)
    local ____temp_0
    if found == nil then
        ____temp_0 = nil
    else
        ____temp_0 = found - memory
    end
    return ____temp_0
end
____exports.length = length
--- Whether the checksum of a line is right. `bytes`: its length without the line end. Phases: any.
local function is_valid(memory, bytes)
    if bytes <= HEAD_BYTES then
        return false
    end
    local given = ffi_string(memory, CHECKSUM_BYTES)
    return given == checksum(memory + CHECKSUM_BYTES, bytes - CHECKSUM_BYTES)
end
____exports.is_valid = is_valid
--- When the entry of a line was appended; 0 where that cannot be read. Phases: any.
local function stamp(memory)
    local seconds = tonumber(
        ffi_string(memory + CHECKSUM_BYTES, CHECKSUM_BYTES),
        16
    ) or 0
    return seconds
end
____exports.stamp = stamp
return ____exports
