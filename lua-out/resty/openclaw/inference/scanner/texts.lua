local ____exports = {}
local cjson = require("cjson.safe")
local ffi = require("ffi")
--- Longer texts are truncated.
____exports.LONGEST_TEXT = 1024
--- The bytes of numbers and words.
local IN_WORD = ffi.new("uint8_t[256]")
for byte = 0, 255 do
    if (string.find(
        string.char(byte),
        "[%w.+-]"
    )) ~= nil then
        IN_WORD[byte] = 1
    end
end
--- Keeps this piece's part of the current text, up to before `end`.
function ____exports.keep(scanner, memory, ____end)
    local before = scanner.partial or ""
    local bytes = math.min(____end - scanner.text_at, ____exports.LONGEST_TEXT - #before)
    if bytes > 0 then
        scanner.partial = before .. ffi.string(memory + scanner.text_at, bytes)
    else
        scanner.partial = before
    end
end
--- The current text, which ends before `end`; truncated if it is too long.
function ____exports.text_up_to(scanner, memory, ____end, most)
    local partial = scanner.partial
    local bytes = math.min(____end - scanner.text_at, most)
    if partial == nil then
        return ffi.string(memory + scanner.text_at, bytes)
    end
    scanner.partial = nil
    local rest = math.min(
        bytes,
        math.max(0, most - #partial)
    )
    return partial .. ffi.string(memory + scanner.text_at, rest)
end
--- A JSON string without its escapes; unchanged if they are invalid or truncated.
function ____exports.unescaped(text)
    local backslash = string.find(text, "\\", 1, true)
    if backslash == nil then
        return text
    end
    local value = cjson.decode(("[\"" .. text) .. "\"]")
    return value == nil and text or tostring(value[1])
end
--- The number or word in a text, without blanks around it. Nothing if there is none.
function ____exports.word_in(text)
    if #text > 0 and IN_WORD[string.byte(text, 1)] ~= 0 and IN_WORD[string.byte(text, -1)] ~= 0 then
        return text
    end
    local word = string.match(text, "[%w.+-]+")
    return word
end
return ____exports
