local ____exports = {}
local tonumber = tonumber
local type = type
local string_find = string.find
local string_format = string.format
local cjson = require("cjson.safe")
local cjson_decode = cjson.decode
local cjson_encode = cjson.encode
--- The digits of a length.
local LENGTH_DIGITS = 8
____exports.LENGTH_DIGITS = LENGTH_DIGITS
--- No text is longer.
local MOST_TEXT_BYTES = 1024 * 1024
____exports.MOST_TEXT_BYTES = MOST_TEXT_BYTES
--- What the helper greets with.
local GREETING = "ready"
____exports.GREETING = GREETING
--- A text as it is sent. Phases: any.
local function framed(text)
    local digits = string_format("%08x", #text)
    return digits .. text
end
____exports.framed = framed
--- A table as it is sent. Phases: any.
local function message(value)
    local text = cjson_encode(value)
    return framed(text)
end
____exports.message = message
--- The length that the digits say; nothing if they are none, or say too much. Phases: any.
local function length_of(digits)
    local found = string_find(digits, "^%x+$")
    local ____temp_0
    if found == nil then
        ____temp_0 = nil
    else
        ____temp_0 = tonumber(digits, 16)
    end
    local length = ____temp_0
    local ____temp_1
    if length == nil or length > MOST_TEXT_BYTES then
        ____temp_1 = nil
    else
        ____temp_1 = length
    end
    return ____temp_1
end
____exports.length_of = length_of
--- The table that a text says; nothing if it says none. Phases: any.
local function read(text)
    local value = cjson_decode(text)
    return type(value) == "table" and value or nil
end
____exports.read = read
return ____exports
