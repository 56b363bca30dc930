local ____exports = {}
local bit_arshift = bit.arshift
local bit_band = bit.band
local bit_lshift = bit.lshift
local string_char = string.char
local ffi = require("ffi")
local ffi_string = ffi.string
local buffer = require("string.buffer")
local buffer_new = buffer.new
local ____escapes = require("resty.openclaw.core.text.json.escapes")
local escapes_ESCAPED = ____escapes.ESCAPED
local ESCAPED = escapes_ESCAPED
--- U+FFFD: what most readers make of half a surrogate pair. So all of these are one character here.
local REPLACEMENT = 65533
--- The names of one text. Phases: any.
local function create(are_compared)
    return {
        are_compared = are_compared,
        seen = {},
        open = {},
        objects = 0,
        begins = 0,
        before = buffer_new(),
        high = 0,
        code = 0,
        digits = 0
    }
end
____exports.new = create
--- An object begins, at this depth. Phases: any.
local function open(names, depth)
    names.objects = names.objects + 1
    names.open[depth + 1] = names.objects
end
____exports.open = open
--- Adds a character in UTF-8: RFC 3629, section 3.
local function put(names, code)
    local ____names_0 = names
    local before = ____names_0.before
    if code < 128 then
        before:put(string_char(code))
    elseif code < 2048 then
        before:put(string_char(
            192 + bit_arshift(code, 6),
            128 + bit_band(code, 63)
        ))
    elseif code < 65536 then
        before:put(string_char(
            224 + bit_arshift(code, 12),
            128 + bit_band(
                bit_arshift(code, 6),
                63
            ),
            128 + bit_band(code, 63)
        ))
    else
        before:put(string_char(
            240 + bit_arshift(code, 18),
            128 + bit_band(
                bit_arshift(code, 12),
                63
            ),
            128 + bit_band(
                bit_arshift(code, 6),
                63
            ),
            128 + bit_band(code, 63)
        ))
    end
end
--- No second half has come.
local function settle(names)
    if names.high == 0 then
        return
    end
    names.high = 0
    put(names, REPLACEMENT)
end
--- Keeps the current name up to before `end`.
local function keep(names, memory, ____end)
    local count = ____end - names.begins
    if count <= 0 then
        return
    end
    settle(names)
    names.before:putcdata(memory + names.begins, count)
end
--- The current name continues in the next piece: keeps its part of this one, which ends before `end`. Phases: any.
local function cut(names, memory, ____end)
    if names.are_compared then
        keep(names, memory, ____end)
    end
    names.begins = 0
end
____exports.cut = cut
--- An escape begins at `at`. Phases: any.
local function begin_escape(names, memory, at)
    if names.are_compared then
        keep(names, memory, at)
    end
    names.code = 0
    names.digits = 0
end
____exports.begin_escape = begin_escape
--- An escape of one letter ends before `end`. Phases: any.
local function end_escape(names, letter, ____end)
    names.begins = ____end
    if not names.are_compared then
        return
    end
    settle(names)
    names.before:put(string_char(ESCAPED[letter]))
end
____exports.end_escape = end_escape
--- An escape in hexadecimal digits has all four: RFC 8259, section 7.
local function put_code(names)
    local ____names_1 = names
    local code = ____names_1.code
    local high = ____names_1.high
    if code >= 56320 and code <= 57343 and high ~= 0 then
        names.high = 0
        return put(
            names,
            65536 + bit_lshift(high - 55296, 10) + (code - 56320)
        )
    end
    settle(names)
    if code >= 55296 and code <= 56319 then
        names.high = code
    elseif code >= 56320 and code <= 57343 then
        put(names, REPLACEMENT)
    else
        put(names, code)
    end
end
--- A hexadecimal digit of an escape, before `end`. Whether it was the last one. Phases: any.
local function add_digit(names, digit, ____end)
    names.code = names.code * 16 + bit_band(digit, 15) + bit_arshift(digit, 6) * 9
    names.digits = names.digits + 1
    if names.digits < 4 then
        return false
    end
    names.begins = ____end
    if names.are_compared then
        put_code(names)
    end
    return true
end
____exports.add_digit = add_digit
--- The current name, without its escapes.
local function whole(names, memory, ____end)
    local ____names_2 = names
    local before = ____names_2.before
    local begins = ____names_2.begins
    if #before == 0 and names.high == 0 then
        return (ffi_string(memory + begins, ____end - begins))
    end
    keep(names, memory, ____end)
    settle(names)
    return before:get()
end
--- A name ends before `end`. Whether its object, at this depth, has had that name before. Phases: any.
local function is_duplicate(names, memory, ____end, depth)
    if not names.are_compared then
        return false
    end
    local name = whole(names, memory, ____end)
    local object = names.open[depth + 1]
    local ____names_seen_3, ____temp_4 = names.seen, depth + 1
    if ____names_seen_3[____temp_4] == nil then
        ____names_seen_3[____temp_4] = {}
    end
    local seen = names.seen[depth + 1]
    if seen[name] == object then
        return true
    end
    seen[name] = object
    return false
end
____exports.is_duplicate = is_duplicate
return ____exports
