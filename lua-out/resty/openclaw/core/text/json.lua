local ____exports = {}
local string_char = string.char
local string_find = string.find
local string_format = string.format
local string_gsub = string.gsub
local cjson = require("cjson.safe")
local cjson_new = cjson.new
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_clean = utf8.clean
local table_clear = require("table.clear")
--- An encoder of our own, so that nobody else's settings of cjson reach it.
local encoder = cjson_new()
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
    local encoded, err = encoder.encode(value)
    if encoded == nil then
        return nil, "cannot encode: " .. err
    end
    return utf8_clean(encoded)
end
____exports.encode = encode
return ____exports
