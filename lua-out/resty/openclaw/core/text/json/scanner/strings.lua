local ____exports = {}
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_cdef = ffi.cdef
local ____codes = require("resty.openclaw.core.text.json.scanner.codes")
local codes_BACKSLASH = ____codes.BACKSLASH
local codes_CONTENT = ____codes.CONTENT
local codes_NAME = ____codes.NAME
local codes_NONE = ____codes.NONE
local codes_QUOTE = ____codes.QUOTE
local codes_VALUE = ____codes.VALUE
local BACKSLASH = codes_BACKSLASH
local CONTENT = codes_CONTENT
local NAME = codes_NAME
local NONE = codes_NONE
local QUOTE = codes_QUOTE
local VALUE = codes_VALUE
local ____texts = require("resty.openclaw.core.text.json.scanner.texts")
local texts_LONGEST_TEXT = ____texts.LONGEST_TEXT
local LONGEST_TEXT = texts_LONGEST_TEXT
local text_up_to = ____texts.text_up_to
local unescaped = ____texts.unescaped
ffi_cdef("void *memchr(const void *memory, int byte, size_t bytes);")
local LONGEST_NAME = 64
local function end_name(scanner, memory, ____end)
    local name = text_up_to(scanner, memory, ____end, LONGEST_NAME)
    local fields = scanner.top.fields
    local place = fields[name]
    scanner.place = place or fields[unescaped(name)]
end
local function end_value(scanner, memory, ____end)
    local begin = scanner.text_at - 1
    local text = text_up_to(scanner, memory, ____end, LONGEST_TEXT)
    scanner.receiver:value(
        scanner.place.name,
        unescaped(text),
        true,
        begin,
        ____end + 1
    )
end
local function end_content(scanner, ____end)
    if ____end > scanner.text_at or scanner.partial ~= nil then
        scanner.contents = scanner.contents + 1
    end
    scanner.content_at = scanner.partial == nil and scanner.text_at or -1
    scanner.content_end = ____end
    scanner.partial = nil
end
--- The current string ends with the quote at `end`.
local function end_string(scanner, memory, ____end)
    local role = scanner.role
    scanner.role = NONE
    if role == NAME then
        end_name(scanner, memory, ____end)
        scanner.text_at = -1
        return
    end
    if role == VALUE then
        end_value(scanner, memory, ____end)
    elseif role == CONTENT then
        end_content(scanner, ____end)
    end
    scanner.text_at = -1
end
--- Whether the bytes from `at` to before `end` end with an odd number of backslashes. The last byte is a backslash.
local function ends_escaped(memory, at, ____end)
    if ____end - at < 2 or memory[____end - 2] ~= BACKSLASH then
        return true
    end
    local first = ____end - 2
    while first > at and memory[first - 1] == BACKSLASH do
        first = first - 1
    end
    return (____end - first) % 2 == 1
end
--- Continues inside a string, from `at`. Returns the place after the string, or after the part of it that was read.
local function within_string(scanner, memory, at, limit)
    if scanner.is_escaped then
        scanner.is_escaped = false
        return at + 1
    end
    local found = ffi.C.memchr(memory + at, QUOTE, limit - at)
    if found == nil then
        if memory[limit - 1] == BACKSLASH then
            scanner.is_escaped = ends_escaped(memory, at, limit)
        end
        return limit
    end
    local ____end = ffi_cast("const uint8_t *", found) - memory
    if ____end > at and memory[____end - 1] == BACKSLASH and ends_escaped(memory, at, ____end) then
        return ____end + 1
    end
    end_string(scanner, memory, ____end)
    return ____end + 1
end
____exports.within_string = within_string
return ____exports
