local ____exports = {}
local tostring = tostring
local string_char = string.char
local string_find = string.find
local string_format = string.format
local string_gsub = string.gsub
local cjson = require("cjson.safe")
local cjson_new = cjson.new
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_clean = utf8.clean
local table_clear = require("table.clear")
--- An encoder and decoder of our own, so that nobody else's settings of cjson reach it.
local codec = cjson_new()
--- Deeper texts are not decoded.
local MOST_DEPTH = 64
codec.decode_invalid_numbers(false)
codec.decode_max_depth(MOST_DEPTH)
--- RFC 8259, section 7: what must be escaped, and DEL, which terminals act on.
local escapes = {}
for byte = 0, 31 do
    escapes[string_char(byte)] = string_format("\\u%04x", byte)
end
escapes[string_char(127)] = "\\u007f"
escapes["\n"] = "\\n"
escapes["\r"] = "\\r"
escapes["\t"] = "\\t"
escapes["\""] = "\\\""
escapes["\\"] = "\\\\"
--- The text as it stands between the quotes of a JSON string. Bytes that are not UTF-8 become "?". Plain ASCII costs
-- one search and no copy. Phases: any.
local function escaped(text)
    local odd = string_find(text, "[^ !%]#-[^-~]")
    if odd == nil then
        return text
    end
    local safe = string_gsub(text, "[%c\"\\]", escapes)
    return utf8_clean(safe)
end
____exports.escaped = escaped
--- The text as a JSON string, quotes included; `null` for nothing. Phases: any.
function ____exports.text(value)
    if value == nil then
        return "null"
    end
    return ("\"" .. escaped(value)) .. "\""
end
local SHORT_BYTES = 128
local MOST_KNOWN = 1000
local known = {}
local known_count = 0
--- As `text`, for what comes again and again, such as names and paths: the last thousand are kept, up to 128 bytes each,
-- so that they cost a look into a table. Phases: any.
local function short_text(value)
    if value == nil then
        return "null"
    end
    local before = known[value]
    if before ~= nil then
        return before
    end
    local made = ____exports.text(value)
    if #value > SHORT_BYTES then
        return made
    end
    if known_count == MOST_KNOWN then
        table_clear(known)
        known_count = 0
    end
    known[value] = made
    known_count = known_count + 1
    return made
end
____exports.short_text = short_text
--- Any value as JSON on one line. What cjson cannot write (a function, a number that is not finite, a table with both
-- kinds of keys, or nested over 1000 deep) gives nil and why. Bytes that are not UTF-8 become "?". Phases: any.
local function encode(value)
    local encoded, err = codec.encode(value)
    if encoded == nil then
        return nil, "cannot encode: " .. err
    end
    return utf8_clean(encoded)
end
____exports.encode = encode
--- The value of a JSON text, with `null` as `ngx.null`; an empty list and an empty object are the same. Nil and why when it is no JSON, or
-- objects and lists are nested over 64 deep. Takes some milliseconds for a megabyte. Phases: any.
local function decode(text)
    local zero = string_find(text, "\0", 1, true)
    if zero ~= nil then
        return nil, "cannot decode: it has a zero byte"
    end
    local value, err = codec.decode(text)
    if value == nil then
        return nil, "cannot decode: " .. tostring(err)
    end
    return value
end
____exports.decode = decode
return ____exports
