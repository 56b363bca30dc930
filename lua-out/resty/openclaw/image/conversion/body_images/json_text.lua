local ____exports = {}
local ipairs = ipairs
local bit_arshift = bit.arshift
local bit_band = bit.band
local bit_bor = bit.bor
local bit_lshift = bit.lshift
local math_max = math.max
local string_byte = string.byte
local string_format = string.format
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_copy = ffi.copy
local ffi_new = ffi.new
local ffi_string = ffi.string
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_find_byte = c_memory.find_byte
local ____escapes = require("resty.openclaw.core.text.json.escapes")
local escapes_ESCAPED = ____escapes.ESCAPED
local ESCAPED = escapes_ESCAPED
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_FIRST_ACTION = ____states.FIRST_ACTION
local states_NEXT = ____states.NEXT
local states_STRING = ____states.STRING
local FIRST_ACTION = states_FIRST_ACTION
local NEXT = states_NEXT
local STRING = states_STRING
local BACKSLASH = 92
local LETTER_U = 117
--- How each byte is written, and how many bytes that takes.
local WRITTEN = {}
local WRITTEN_BYTES = ffi_new("uint8_t[256]")
for byte = 0, 31 do
    WRITTEN[byte] = string_format("\\u%04x", byte)
end
for ____, letter in ipairs({
    "\"",
    "\\",
    "n",
    "r",
    "t"
}) do
    WRITTEN[ESCAPED[string_byte(letter)]] = "\\" .. letter
end
for byte = 0, 255 do
    local written = WRITTEN[byte]
    WRITTEN_BYTES[byte] = written == nil and 1 or #written
end
--- The number that four hexadecimal digits stand for.
local function hex_at(memory, at)
    local code = 0
    for place = at, at + 3 do
        local digit = memory[place]
        code = code * 16 + bit_band(digit, 15) + bit_arshift(digit, 6) * 9
    end
    return code
end
--- The character that the escape at `at` stands for, and the place after it; -1 for half a surrogate pair. The text is valid JSON.
-- Phases: any.
local function escape_at(memory, at)
    local letter = memory[at + 1]
    if letter ~= LETTER_U then
        return ESCAPED[letter], at + 2
    end
    local code = hex_at(memory, at + 2)
    if code < 55296 or code > 57343 then
        return code, at + 6
    end
    local is_pair = code < 56320 and memory[at + 6] == BACKSLASH and memory[at + 7] == LETTER_U
    local low = is_pair and hex_at(memory, at + 8) or 0
    if low < 56320 or low > 57343 then
        return -1, at + 6
    end
    return 65536 + bit_lshift(code - 55296, 10) + (low - 56320), at + 12
end
____exports.escape_at = escape_at
--- Writes a character in UTF-8 (RFC 3629, section 3), and returns the place after it.
local function put_character(target, at, code)
    if code < 128 then
        target[at] = code
        return at + 1
    end
    local first = 192
    local shift = 6
    if code >= 2048 then
        first = code < 65536 and 224 or 240
        shift = code < 65536 and 12 or 18
    end
    target[at] = bit_bor(
        first,
        bit_arshift(code, shift)
    )
    while shift > 0 do
        shift = shift - 6
        at = at + 1
        target[at] = bit_bor(
            128,
            bit_band(
                bit_arshift(code, shift),
                63
            )
        )
    end
    return at + 1
end
--- Writes the text of a string of valid JSON, which has as many bytes as the string or fewer, and returns how many; only counts them
-- without a target. -1 if there is half a surrogate pair, which no text has. Phases: any.
local function unescape(memory, from, count, target)
    local scratch = ffi_new("uint8_t[4]")
    local ____end = from + count
    local at = from
    local written = 0
    while at < ____end do
        local backslash = c_memory_find_byte(memory, at, ____end, BACKSLASH)
        if target ~= nil then
            ffi_copy(target + written, memory + at, backslash - at)
        end
        written = written + (backslash - at)
        at = backslash
        if at < ____end then
            local code, next = escape_at(memory, at)
            if code < 0 then
                return -1
            end
            if target == nil then
                written = written + put_character(scratch, 0, code)
            else
                written = put_character(target, written, code)
            end
            at = next
        end
    end
    return written
end
____exports.unescape = unescape
--- The same as a Lua string, for short ones; nothing if there is half a surrogate pair. Phases: any.
local function unescaped(memory, from, count)
    local target = ffi_new(
        "uint8_t[?]",
        math_max(count, 1)
    )
    local written = unescape(memory, from, count, target)
    local ____temp_0
    if written < 0 then
        ____temp_0 = nil
    else
        ____temp_0 = ffi_string(target, written)
    end
    return ____temp_0
end
____exports.unescaped = unescaped
--- How many bytes `escape` writes. Phases: any.
local function escaped_bytes(memory, from, count)
    local bytes = 0
    for at = from, from + count - 1 do
        bytes = bytes + WRITTEN_BYTES[memory[at]]
    end
    return bytes
end
____exports.escaped_bytes = escaped_bytes
--- Writes UTF-8 as it stands in a string of JSON, without the quotes. Phases: any.
local function escape(memory, from, count, target)
    local written = 0
    for at = from, from + count - 1 do
        local byte = memory[at]
        local bytes = WRITTEN_BYTES[byte]
        if bytes == 1 then
            target[written] = byte
        else
            ffi_copy(target + written, WRITTEN[byte], bytes)
        end
        written = written + bytes
    end
end
____exports.escape = escape
--- A short text as a string of JSON, quotes included. Phases: any.
local function quoted(text)
    local memory = ffi_cast("const uint8_t *", text)
    local bytes = escaped_bytes(memory, 0, #text)
    local target = ffi_new(
        "uint8_t[?]",
        math_max(bytes, 1)
    )
    escape(memory, 0, #text, target)
    return ("\"" .. ffi_string(target, bytes)) .. "\""
end
____exports.quoted = quoted
--- Whether bytes are UTF-8 (RFC 3629, section 4). Phases: any.
local function is_utf8(memory, from, count)
    local state = STRING
    for at = from, from + count - 1 do
        local byte = memory[at]
        if byte < 128 and state ~= STRING then
            return false
        end
        if byte >= 128 then
            state = NEXT[state * 256 + byte]
        end
        if state >= FIRST_ACTION then
            return false
        end
    end
    return state == STRING
end
____exports.is_utf8 = is_utf8
return ____exports
