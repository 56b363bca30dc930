local ____exports = {}
local string_char = string.char
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local integers_high_4 = integers.high_4
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_some = byte_source.some
--- The signature, then the length and the type of the chunk that must come first.
local BEGINNING = ((string_char(137) .. "PNG\r\n") .. string_char(26)) .. "\n\0\0\0\rIHDR"
local BYTES = 24
--- Numbers have 31 bits, and neither of these may be 0.
local MOST = 2147483647
--- Whether the first bytes are those of a PNG with a width and a height. Phases: any.
local function is_one(first)
    if #first < BYTES or string_sub(first, 1, #BEGINNING) ~= BEGINNING then
        return false
    end
    local width = integers_high_4(first, 17)
    local height = integers_high_4(first, 21)
    return width > 0 and width <= MOST and height > 0 and height <= MOST
end
____exports.is_one = is_one
--- Width and height in pixels; nothing where it is broken. Phases: any.
local function size(source)
    local first = byte_source_some(source, 0, BYTES)
    if not is_one(first) then
        return nil
    end
    return integers_high_4(first, 17), integers_high_4(first, 21)
end
____exports.size = size
return ____exports
