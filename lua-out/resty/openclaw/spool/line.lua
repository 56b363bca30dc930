local ____exports = {}
local ffi = require("ffi")
local buffers = require("string.buffer")
ffi.cdef("\n    unsigned int openclaw_spool_checksum(const uint8_t *bytes, size_t count) __asm__(\"ngx_http_lua_ffi_crc32_long\");\n    uint8_t *openclaw_spool_find(const uint8_t *bytes, int byte, size_t count) __asm__(\"memchr\");\n")
--- What stands before the entry, in bytes.
____exports.HEAD_BYTES = 16
--- What a line has besides the entry.
____exports.OTHER_BYTES = ____exports.HEAD_BYTES + 1
local CHECKSUM_BYTES = 8
local LINE_END = 10
local written = buffers.new()
--- The checksum of so many bytes as text.
local function checksum(memory, count)
    return string.format(
        "%08x",
        tonumber(ffi.C.openclaw_spool_checksum(memory, count))
    )
end
--- The line of an entry that came at that time: where it is until the next call, and how long. Phases: any.
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
--- Whether a line of so many bytes without its end is as it was written. Phases: any.
function ____exports.is_sound(memory, bytes)
    if bytes <= ____exports.HEAD_BYTES then
        return false
    end
    local claimed = ffi.string(memory, CHECKSUM_BYTES)
    return claimed == checksum(memory + CHECKSUM_BYTES, bytes - CHECKSUM_BYTES)
end
--- When the entry of this line came, in seconds since 1970; 0 for what is no line. Phases: any.
function ____exports.stamp(memory)
    return tonumber(
        ffi.string(memory + CHECKSUM_BYTES, CHECKSUM_BYTES),
        16
    ) or 0
end
return ____exports
