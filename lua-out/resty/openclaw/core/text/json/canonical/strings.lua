local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local bit_arshift = bit.arshift
local bit_band = bit.band
local bit_bor = bit.bor
local bit_lshift = bit.lshift
local string_byte = string.byte
local string_sub = string.sub
local string_upper = string.upper
local ffi = require("ffi")
local ffi_fill = ffi.fill
local ffi_new = ffi.new
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_BEGIN_ESCAPE = ____states.BEGIN_ESCAPE
local states_BEGIN_HEX = ____states.BEGIN_HEX
local states_END_ESCAPE = ____states.END_ESCAPE
local states_NAME_ESCAPE = ____states.NAME_ESCAPE
local states_NAME_HEX = ____states.NAME_HEX
local states_STRING = ____states.STRING
local BEGIN_ESCAPE = states_BEGIN_ESCAPE
local BEGIN_HEX = states_BEGIN_HEX
local END_ESCAPE = states_END_ESCAPE
local NAME_ESCAPE = states_NAME_ESCAPE
local NAME_HEX = states_NAME_HEX
local STRING = states_STRING
local ____steps = require("resty.openclaw.core.text.json.canonical.steps")
local steps_BEGIN_PAIR = ____steps.BEGIN_PAIR
local steps_PAIR = ____steps.PAIR
local steps_PAIR_U = ____steps.PAIR_U
local BEGIN_PAIR = steps_BEGIN_PAIR
local PAIR = steps_PAIR
local PAIR_U = steps_PAIR_U
local ____text = require("resty.openclaw.core.text.json.canonical.text")
local put = ____text.put
local BACKSLASH = 92
local QUOTE = 34
local SLASH = 47
local U = 117
local ZERO = 48
local HEX_DIGITS = "0123456789abcdef"
--- The letters of the control characters that have one, by their codes; else 0.
local LETTERS = ffi_new("uint8_t[32]")
for letter, code in pairs({
    b = 8,
    t = 9,
    n = 10,
    f = 12,
    r = 13
}) do
    LETTERS[code] = string_byte(letter)
end
local function put_two(json, first, second)
    put(json, first)
    put(json, second)
end
local function put_ascii(json, code)
    if code == QUOTE or code == BACKSLASH then
        put_two(json, BACKSLASH, code)
    elseif code >= 32 then
        put(json, code)
    elseif LETTERS[code] ~= 0 then
        put_two(json, BACKSLASH, LETTERS[code])
    else
        put_two(json, BACKSLASH, U)
        put_two(json, ZERO, ZERO)
        put_two(
            json,
            ZERO + bit_arshift(code, 4),
            string_byte(
                HEX_DIGITS,
                bit_band(code, 15) + 1
            )
        )
    end
end
--- Writes a character in UTF-8: RFC 3629, section 3.
local function put_character(json, code)
    if code < 128 then
        return put_ascii(json, code)
    end
    if code < 2048 then
        return put_two(
            json,
            192 + bit_arshift(code, 6),
            128 + bit_band(code, 63)
        )
    end
    if code < 65536 then
        put(
            json,
            224 + bit_arshift(code, 12)
        )
    else
        put_two(
            json,
            240 + bit_arshift(code, 18),
            128 + bit_band(
                bit_arshift(code, 12),
                63
            )
        )
    end
    put_two(
        json,
        128 + bit_band(
            bit_arshift(code, 6),
            63
        ),
        128 + bit_band(code, 63)
    )
end
--- An escape of four hexadecimal digits is whole. Returns the next state.
local function end_hex(json)
    local ____json_0 = json
    local code = ____json_0.code
    local high = ____json_0.high
    local is_high = code >= 55296 and code <= 56319
    local is_low = code >= 56320 and code <= 57343
    if is_low ~= (high ~= 0) then
        json.problem = "lone_surrogate"
        return STRING
    end
    json.high = is_high and code or 0
    if is_high then
        return PAIR
    end
    put_character(
        json,
        is_low and 65536 + bit_lshift(high - 55296, 10) + (code - 56320) or code
    )
    return STRING
end
--- The value of each hexadecimal digit; NO_DIGIT of any other byte.
local DIGITS = ffi_new("uint8_t[256]")
local NO_DIGIT = 16
ffi_fill(DIGITS, 256, NO_DIGIT)
for value = 0, 15 do
    local digit = string_sub(HEX_DIGITS, value + 1, value + 1)
    DIGITS[string_byte(digit)] = value
    DIGITS[string_byte(string_upper(digit))] = value
end
--- What an escape of one letter stands for is written with the same letter, but for the slash; else 0.
local IS_LETTER = ffi_new("uint8_t[256]")
for ____, letter in ipairs({
    "\"",
    "\\",
    "b",
    "f",
    "n",
    "r",
    "t"
}) do
    IS_LETTER[string_byte(letter)] = 1
end
--- Writes the escape whose backslash is at `at`, if all of it is in the piece, and it is no part of a surrogate pair. Returns how long it
-- is; 0 where it is left to `escape`. Phases: any.
local function whole_escape(json, memory, at, count)
    if at + 6 > count then
        return 0
    end
    local letter = memory[at + 1]
    if IS_LETTER[letter] ~= 0 then
        put_two(json, BACKSLASH, letter)
        return 2
    end
    if letter ~= U then
        return 0
    end
    local first = DIGITS[memory[at + 2]]
    local second = DIGITS[memory[at + 3]]
    local third = DIGITS[memory[at + 4]]
    local fourth = DIGITS[memory[at + 5]]
    if bit_bor(
        bit_bor(
            bit_bor(first, second),
            third
        ),
        fourth
    ) >= NO_DIGIT then
        return 0
    end
    local code = first * 4096 + second * 256 + third * 16 + fourth
    if code >= 55296 and code <= 57343 then
        return 0
    end
    put_character(json, code)
    return 6
end
____exports.whole_escape = whole_escape
--- A part of an escape: its byte, and what it causes. Returns the next state. Phases: any.
local function escape(json, byte, action)
    if action == BEGIN_ESCAPE then
        return NAME_ESCAPE
    end
    if action == BEGIN_PAIR then
        return PAIR_U
    end
    if action == END_ESCAPE then
        if byte == SLASH then
            put(json, byte)
        else
            put_two(json, BACKSLASH, byte)
        end
        return STRING
    end
    if action == BEGIN_HEX then
        json.code = 0
        json.hex_digits = 0
        return NAME_HEX
    end
    json.code = json.code * 16 + bit_band(byte, 15) + bit_arshift(byte, 6) * 9
    json.hex_digits = json.hex_digits + 1
    return json.hex_digits < 4 and NAME_HEX or end_hex(json)
end
____exports.escape = escape
return ____exports
