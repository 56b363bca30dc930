local ____exports = {}
local math_abs = math.abs
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local integers_low_2 = integers.low_2
local integers_low_4 = integers.low_4
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_all = byte_source.all
local BYTES = 26
--- The size of the second header: of OS/2 1.x, of OS/2 2.x at least, and of BITMAPV5HEADER.
local CORE = 12
local LEAST_INFO = 16
local MOST_INFO = 124
--- The signature and the size of the second header. Phases: any.
local function is_one(first)
    if string_sub(first, 1, 2) ~= "BM" or #first < 18 then
        return false
    end
    local header = integers_low_4(first, 15)
    return header == CORE or header >= LEAST_INFO and header <= MOST_INFO
end
____exports.is_one = is_one
--- 4 bytes with a sign.
local function signed(bytes, at)
    local number = integers_low_4(bytes, at)
    return number < 2147483648 and number or number - 4294967296
end
--- Width and height in pixels; nothing where it is broken. Phases: any.
local function size(source)
    local first = byte_source_all(source, 0, BYTES)
    if first == nil or not is_one(first) then
        return nil
    end
    local is_core = integers_low_4(first, 15) == CORE
    local width = is_core and integers_low_2(first, 19) or signed(first, 19)
    local height = is_core and integers_low_2(first, 21) or math_abs(signed(first, 23))
    if width <= 0 or height == 0 then
        return nil
    end
    return width, height
end
____exports.size = size
return ____exports
