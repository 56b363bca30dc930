local ____exports = {}
local string_char = string.char
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local integers_high_4 = integers.high_4
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_all = byte_source.all
local byte_source_some = byte_source.some
--- The signature, then the length and the type of the chunk that must come first.
local BEGINNING = ((string_char(137) .. "PNG\r\n") .. string_char(26)) .. "\n\0\0\0\rIHDR"
local BYTES = 24
--- A chunk: its length and its type, the data, a checksum.
local CHUNK_HEADER = 8
local CHECKSUM = 4
--- Where the image header ends.
local SECOND_CHUNK = 33
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
--- Whether image data comes after the image header, with no other image header, and no end of the image or the file, before it.
local function has_one_header(source)
    local at = SECOND_CHUNK
    while true do
        local chunk = byte_source_all(source, at, CHUNK_HEADER)
        if chunk == nil then
            return false
        end
        local kind = string_sub(chunk, 5, 8)
        if kind == "IDAT" then
            return true
        end
        if kind == "IHDR" or kind == "IEND" then
            return false
        end
        at = at + (CHUNK_HEADER + integers_high_4(chunk, 1) + CHECKSUM)
    end
end
--- Width and height in pixels; nothing where it is broken, has two image headers or no image data. Phases: any.
local function size(source)
    local first = byte_source_some(source, 0, BYTES)
    if not is_one(first) or not has_one_header(source) then
        return nil
    end
    return integers_high_4(first, 17), integers_high_4(first, 21)
end
____exports.size = size
return ____exports
