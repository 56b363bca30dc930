local ____exports = {}
local ipairs = ipairs
local string_byte = string.byte
local ffi = require("ffi")
local ffi_new = ffi.new
local ____states = require("resty.openclaw.core.text.json.structure.states")
local states_AFTER_ENTRY = ____states.AFTER_ENTRY
local states_AFTER_MEMBER = ____states.AFTER_MEMBER
local states_BEGIN_ESCAPE = ____states.BEGIN_ESCAPE
local states_BEGIN_HEX = ____states.BEGIN_HEX
local states_FIRST_ACTION = ____states.FIRST_ACTION
local states_FIRST_ENTRY = ____states.FIRST_ENTRY
local states_NEXT = ____states.NEXT
local states_STRING = ____states.STRING
local states_VALUE = ____states.VALUE
local AFTER_ENTRY = states_AFTER_ENTRY
local AFTER_MEMBER = states_AFTER_MEMBER
local BEGIN_ESCAPE = states_BEGIN_ESCAPE
local BEGIN_HEX = states_BEGIN_HEX
local FIRST_ACTION = states_FIRST_ACTION
local FIRST_ENTRY = states_FIRST_ENTRY
local STRICT = states_NEXT
local STRING = states_STRING
local VALUE = states_VALUE
--- The second half of a surrogate pair is expected: its backslash, and its "u". The states of `structure` end before.
local PAIR = 50
____exports.PAIR = PAIR
local PAIR_U = 51
____exports.PAIR_U = PAIR_U
--- More actions; those of `structure` end before.
local BLANK = 78
____exports.BLANK = BLANK
local BEGIN_NUMBER = 79
____exports.BEGIN_NUMBER = BEGIN_NUMBER
local NEXT_MEMBER = 80
____exports.NEXT_MEMBER = NEXT_MEMBER
local BEGIN_PAIR = 81
____exports.BEGIN_PAIR = BEGIN_PAIR
local STATES = FIRST_ACTION
--- What comes next, at `state * 256 + byte`.
local NEXT = ffi_new("uint8_t[?]", STATES * 256)
____exports.NEXT = NEXT
for at = 0, STATES * 256 - 1 do
    NEXT[at] = STRICT[at]
end
local function on(state, bytes, to)
    for at = 1, #bytes do
        NEXT[state * 256 + string_byte(bytes, at)] = to
    end
end
for state = VALUE, AFTER_ENTRY do
    on(state, " \t\n\r", BLANK)
end
for ____, state in ipairs({VALUE, FIRST_ENTRY}) do
    on(state, "-0123456789", BEGIN_NUMBER)
end
on(AFTER_MEMBER, ",", NEXT_MEMBER)
on(STRING, "\\", BEGIN_ESCAPE)
on(PAIR, "\\", BEGIN_PAIR)
on(PAIR_U, "u", BEGIN_HEX)
return ____exports
