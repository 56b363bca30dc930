local ____exports = {}
local ipairs = ipairs
local string_byte = string.byte
local string_sub = string.sub
local ffi = require("ffi")
local ffi_new = ffi.new
--- A value is expected; the same at the beginning of an array, which may also end.
local VALUE = 1
____exports.VALUE = VALUE
local FIRST_ENTRY = 2
____exports.FIRST_ENTRY = FIRST_ENTRY
--- A name is expected; the same at the beginning of an object, which may also end.
local NEXT_NAME = 3
____exports.NEXT_NAME = NEXT_NAME
local FIRST_NAME = 4
____exports.FIRST_NAME = FIRST_NAME
local COLON = 5
____exports.COLON = COLON
--- After a value: at the top level, in an object, in an array.
local AFTER_TEXT = 6
____exports.AFTER_TEXT = AFTER_TEXT
local AFTER_MEMBER = 7
____exports.AFTER_MEMBER = AFTER_MEMBER
local AFTER_ENTRY = 8
____exports.AFTER_ENTRY = AFTER_ENTRY
--- In a string that is a value, and in a name. Each has 7 more states for the rest of a character.
local STRING = 9
____exports.STRING = STRING
local NAME = 17
____exports.NAME = NAME
local NAME_END = 25
____exports.NAME_END = NAME_END
local ESCAPE = 25
local HEX_1 = 26
local HEX_4 = 29
local NAME_ESCAPE = 30
____exports.NAME_ESCAPE = NAME_ESCAPE
local NAME_HEX = 31
____exports.NAME_HEX = NAME_HEX
--- Parts of a number; it may end in `ZERO`, `WHOLE`, `FRACTION` and `EXPONENT`.
local MINUS = 32
local ZERO = 33
____exports.ZERO = ZERO
local WHOLE = 34
____exports.WHOLE = WHOLE
local POINT = 35
local FRACTION = 36
____exports.FRACTION = FRACTION
local E = 37
local E_SIGN = 38
local EXPONENT = 39
____exports.EXPONENT = EXPONENT
--- The letters of true, false and null: a state each.
local WORDS = 40
local FIRST_ACTION = 64
____exports.FIRST_ACTION = FIRST_ACTION
local NO_JSON = 64
____exports.NO_JSON = NO_JSON
local END_STRING = 65
____exports.END_STRING = END_STRING
local BEGIN_NAME = 66
____exports.BEGIN_NAME = BEGIN_NAME
local END_NAME = 67
____exports.END_NAME = END_NAME
local END_NUMBER = 68
____exports.END_NUMBER = END_NUMBER
local OPEN_OBJECT = 69
____exports.OPEN_OBJECT = OPEN_OBJECT
local OPEN_ARRAY = 70
____exports.OPEN_ARRAY = OPEN_ARRAY
local CLOSE_OBJECT = 71
____exports.CLOSE_OBJECT = CLOSE_OBJECT
local CLOSE_ARRAY = 72
____exports.CLOSE_ARRAY = CLOSE_ARRAY
local END_WORD = 73
____exports.END_WORD = END_WORD
local BEGIN_ESCAPE = 74
____exports.BEGIN_ESCAPE = BEGIN_ESCAPE
local END_ESCAPE = 75
____exports.END_ESCAPE = END_ESCAPE
local BEGIN_HEX = 76
____exports.BEGIN_HEX = BEGIN_HEX
local HEX_DIGIT = 77
____exports.HEX_DIGIT = HEX_DIGIT
local STATES = 64
--- What comes next, at `state * 256 + byte`.
local NEXT = ffi_new("uint8_t[?]", STATES * 256)
____exports.NEXT = NEXT
for at = 0, STATES * 256 - 1 do
    NEXT[at] = NO_JSON
end
local function on_range(state, first, last, to)
    for byte = first, last do
        NEXT[state * 256 + byte] = to
    end
end
local function on(state, bytes, to)
    for at = 1, #bytes do
        on_range(
            state,
            string_byte(bytes, at),
            string_byte(bytes, at),
            to
        )
    end
end
--- The characters of a string. The bytes that continue a character: RFC 3629, section 4.
local function characters(state, ____end, escape)
    local last, last_two, last_three, after_e0, after_ed, after_f0, after_f4 = 1, 2, 3, 4, 5, 6, 7
    on_range(state, 32, 127, state)
    on(state, "\"", ____end)
    on(state, "\\", escape)
    on_range(state, 194, 223, state + last)
    on_range(state, 225, 239, state + last_two)
    on_range(state, 224, 224, state + after_e0)
    on_range(state, 237, 237, state + after_ed)
    on_range(state, 240, 240, state + after_f0)
    on_range(state, 241, 243, state + last_three)
    on_range(state, 244, 244, state + after_f4)
    on_range(state + last, 128, 191, state)
    on_range(state + last_two, 128, 191, state + last)
    on_range(state + last_three, 128, 191, state + last_two)
    on_range(state + after_e0, 160, 191, state + last)
    on_range(state + after_ed, 128, 159, state + last)
    on_range(state + after_f0, 144, 191, state + last_two)
    on_range(state + after_f4, 128, 143, state + last_two)
end
local function word(first_state, letters)
    for at = 2, #letters do
        local to = at == #letters and END_WORD or first_state + at - 1
        on(
            first_state + at - 2,
            string_sub(letters, at, at),
            to
        )
    end
end
local DIGITS = "0123456789"
local HEX_DIGITS = "0123456789abcdefABCDEF"
local BLANKS = " \t\n\r"
for ____, state in ipairs({VALUE, FIRST_ENTRY}) do
    on(state, "\"", STRING)
    on(state, "{", OPEN_OBJECT)
    on(state, "[", OPEN_ARRAY)
    on(state, "-", MINUS)
    on(state, "0", ZERO)
    on(state, "123456789", WHOLE)
    on(state, "t", WORDS)
    on(state, "f", WORDS + 3)
    on(state, "n", WORDS + 7)
end
for state = VALUE, AFTER_ENTRY do
    on(state, BLANKS, state)
end
on(FIRST_ENTRY, "]", CLOSE_ARRAY)
on(FIRST_NAME, "}", CLOSE_OBJECT)
on(FIRST_NAME, "\"", BEGIN_NAME)
on(NEXT_NAME, "\"", BEGIN_NAME)
on(COLON, ":", VALUE)
on(AFTER_MEMBER, ",", NEXT_NAME)
on(AFTER_MEMBER, "}", CLOSE_OBJECT)
on(AFTER_ENTRY, ",", VALUE)
on(AFTER_ENTRY, "]", CLOSE_ARRAY)
characters(STRING, END_STRING, ESCAPE)
on(ESCAPE, "\"\\/bfnrt", STRING)
on(ESCAPE, "u", HEX_1)
for state = HEX_1, HEX_4 do
    on(state, HEX_DIGITS, state == HEX_4 and STRING or state + 1)
end
characters(NAME, END_NAME, BEGIN_ESCAPE)
on(NAME_ESCAPE, "\"\\/bfnrt", END_ESCAPE)
on(NAME_ESCAPE, "u", BEGIN_HEX)
on(NAME_HEX, HEX_DIGITS, HEX_DIGIT)
on(MINUS, "0", ZERO)
on(MINUS, "123456789", WHOLE)
on(WHOLE, DIGITS, WHOLE)
on(POINT, DIGITS, FRACTION)
on(FRACTION, DIGITS, FRACTION)
on(E, "+-", E_SIGN)
on(E, DIGITS, EXPONENT)
on(E_SIGN, DIGITS, EXPONENT)
on(EXPONENT, DIGITS, EXPONENT)
on(ZERO, ".", POINT)
on(WHOLE, ".", POINT)
for ____, state in ipairs({ZERO, WHOLE, FRACTION}) do
    on(state, "eE", E)
end
for ____, state in ipairs({ZERO, WHOLE, FRACTION, EXPONENT}) do
    on(state, BLANKS .. ",]}", END_NUMBER)
end
word(WORDS, "true")
word(WORDS + 3, "false")
word(WORDS + 7, "null")
return ____exports
