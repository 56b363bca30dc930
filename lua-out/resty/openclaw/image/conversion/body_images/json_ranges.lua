local ____exports = {}
local ipairs = ipairs
local string_byte = string.byte
local ffi = require("ffi")
local ffi_new = ffi.new
local c_memory = require("resty.openclaw.core.memory.c_memory")
local c_memory_find_byte = c_memory.find_byte
local QUOTE = 34
local COMMA = 44
local COLON = 58
local BACKSLASH = 92
local OBJECT = 123
local OBJECT_END = 125
local ARRAY = 91
local ARRAY_END = 93
--- Blanks, and what may follow a number or a word.
local IS_BLANK = ffi_new("uint8_t[256]")
local ENDS_WORD = ffi_new("uint8_t[256]")
for place = 1, 4 do
    IS_BLANK[string_byte(" \t\n\r", place)] = 1
    ENDS_WORD[string_byte(" \t\n\r", place)] = 1
end
for ____, byte in ipairs({COMMA, OBJECT_END, ARRAY_END}) do
    ENDS_WORD[byte] = 1
end
local function skip_blanks(memory, at, limit)
    while at < limit and IS_BLANK[memory[at]] ~= 0 do
        at = at + 1
    end
    return at
end
--- The place of the quote that ends a string, from `at` on within it. Backslashes are counted once: a run of them is before one quote.
local function end_of_string(memory, at, limit)
    local quote = c_memory_find_byte(memory, at, limit, QUOTE)
    local first = quote
    while quote < limit do
        while first > at and memory[first - 1] == BACKSLASH do
            first = first - 1
        end
        if (quote - first) % 2 == 0 then
            return quote
        end
        at = quote + 1
        quote = c_memory_find_byte(memory, at, limit, QUOTE)
        first = quote
    end
    return limit
end
--- The place after the value that begins at `at`.
local function end_of_value(memory, at, limit)
    local depth = 0
    while at < limit do
        local byte = memory[at]
        if byte == QUOTE then
            at = end_of_string(memory, at + 1, limit)
        elseif byte == OBJECT or byte == ARRAY then
            depth = depth + 1
        elseif byte == OBJECT_END or byte == ARRAY_END then
            depth = depth - 1
        end
        at = at + 1
        local is_over = byte == QUOTE or byte == OBJECT_END or byte == ARRAY_END
        if depth == 0 and (is_over or at == limit or ENDS_WORD[memory[at]] ~= 0) then
            return at
        end
    end
    return limit
end
--- The place of the first value. Phases: any.
local function first_value(memory, limit)
    return skip_blanks(memory, 0, limit)
end
____exports.first_value = first_value
--- Whether the value at `at` is an object, an array, a string. Phases: any.
local function is_object(memory, at)
    return memory[at] == OBJECT
end
____exports.is_object = is_object
--- As `is_object`. Phases: any.
local function is_array(memory, at)
    return memory[at] == ARRAY
end
____exports.is_array = is_array
--- As `is_object`. Phases: any.
local function is_string(memory, at)
    return memory[at] == QUOTE
end
____exports.is_string = is_string
--- A cursor before the first member or entry of the object or array that begins at `at`, and ends before `limit`. Phases: any.
local function enter(memory, at, limit)
    return {
        memory = memory,
        limit = limit,
        name_from = at,
        name_count = 0,
        from = at,
        ["end"] = at + 1
    }
end
____exports.enter = enter
--- Goes on to the next entry of an array. False after the last one. Phases: any.
local function next_entry(cursor)
    local ____cursor_0 = cursor
    local memory = ____cursor_0.memory
    local limit = ____cursor_0.limit
    local at = skip_blanks(memory, cursor["end"], limit)
    if at < limit and memory[at] == COMMA then
        at = skip_blanks(memory, at + 1, limit)
    end
    if at >= limit or memory[at] == ARRAY_END or memory[at] == OBJECT_END then
        return false
    end
    cursor.from = at
    cursor["end"] = end_of_value(memory, at, limit)
    return true
end
____exports.next_entry = next_entry
--- Goes on to the next member of an object. False after the last one. Phases: any.
local function next_member(cursor)
    local ____cursor_1 = cursor
    local memory = ____cursor_1.memory
    local limit = ____cursor_1.limit
    if not next_entry(cursor) then
        return false
    end
    cursor.name_from = cursor.from + 1
    cursor.name_count = cursor["end"] - 1 - cursor.name_from
    local colon = skip_blanks(memory, cursor["end"], limit)
    cursor.from = skip_blanks(memory, memory[colon] == COLON and colon + 1 or colon, limit)
    cursor["end"] = end_of_value(memory, cursor.from, limit)
    return true
end
____exports.next_member = next_member
return ____exports
