local ____exports = {}
local tostring = tostring
local math_max = math.max
local math_min = math.min
local string_byte = string.byte
local string_char = string.char
local string_find = string.find
local string_match = string.match
local cjson = require("cjson.safe")
local cjson_decode = cjson.decode
local ffi = require("ffi")
local ffi_new = ffi.new
local ffi_string = ffi.string
--- Longer texts are truncated.
local LONGEST_TEXT = 1024
____exports.LONGEST_TEXT = LONGEST_TEXT
--- The bytes of numbers and words.
local IN_WORD = ffi_new("uint8_t[256]")
for byte = 0, 255 do
    if (string_find(
        string_char(byte),
        "[%w.+-]"
    )) ~= nil then
        IN_WORD[byte] = 1
    end
end
--- Keeps this piece's part of the current text, up to before `end`.
local function keep(scanner, memory, ____end)
    local before = scanner.partial or ""
    local bytes = math_min(____end - scanner.text_at, LONGEST_TEXT - #before)
    if bytes > 0 then
        scanner.partial = before .. ffi_string(memory + scanner.text_at, bytes)
    else
        scanner.partial = before
    end
end
____exports.keep = keep
--- The current text, which ends before `end`; truncated if it is too long.
local function text_up_to(scanner, memory, ____end, most)
    local partial = scanner.partial
    local bytes = math_min(____end - scanner.text_at, most)
    if partial == nil then
        return (ffi_string(memory + scanner.text_at, bytes))
    end
    scanner.partial = nil
    local rest = math_min(
        bytes,
        math_max(0, most - #partial)
    )
    return partial .. ffi_string(memory + scanner.text_at, rest)
end
____exports.text_up_to = text_up_to
--- A JSON string without its escapes; unchanged if they are invalid or truncated.
local function unescaped(text)
    local backslash = string_find(text, "\\", 1, true)
    if backslash == nil then
        return text
    end
    local value = cjson_decode(("[\"" .. text) .. "\"]")
    return value == nil and text or tostring(value[1])
end
____exports.unescaped = unescaped
--- The number or word in a text, without blanks around it. Nothing if there is none.
local function word_in(text)
    if #text > 0 and IN_WORD[string_byte(text, 1)] ~= 0 and IN_WORD[string_byte(text, -1)] ~= 0 then
        return text
    end
    local word = string_match(text, "[%w.+-]+")
    return word
end
____exports.word_in = word_in
return ____exports
