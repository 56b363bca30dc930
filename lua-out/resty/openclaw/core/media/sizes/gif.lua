local ____exports = {}
local bit_band = bit.band
local math_max = math.max
local string_byte = string.byte
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local integers_low_2 = integers.low_2
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_all = byte_source.all
local HEADER_BYTES = 13
local EXTENSION = 33
local IMAGE = 44
local HAS_COLORS = 128
--- The signature. Phases: any.
local function is_one(first)
    local signature = string_sub(first, 1, 6)
    return signature == "GIF87a" or signature == "GIF89a"
end
____exports.is_one = is_one
--- Where the blocks of data that begin at `from` end.
local function after_blocks(source, from)
    local at = from
    while true do
        local length = byte_source_all(source, at, 1)
        if length == nil then
            return nil
        end
        at = at + (1 + string_byte(length))
        if length == "\0" then
            return at
        end
    end
end
--- Where the first image is; nothing where there is none.
local function first_image(source, from)
    local at = from
    while at ~= nil do
        local kind = byte_source_all(source, at, 1)
        if kind == nil then
            return nil
        end
        if string_byte(kind) == IMAGE then
            return at
        end
        if string_byte(kind) ~= EXTENSION then
            return nil
        end
        at = after_blocks(source, at + 2)
    end
    return nil
end
--- Width and height in pixels; nothing where there is no image. Phases: any.
local function size(source)
    local header = byte_source_all(source, 0, HEADER_BYTES)
    if header == nil or not is_one(header) then
        return nil
    end
    local packed = string_byte(header, 11)
    local color_bytes = packed < HAS_COLORS and 0 or 3 * 2 ^ (bit_band(packed, 7) + 1)
    local at = first_image(source, HEADER_BYTES + color_bytes)
    local ____temp_0
    if at == nil then
        ____temp_0 = nil
    else
        ____temp_0 = byte_source_all(source, at, 9)
    end
    local image = ____temp_0
    if image == nil then
        return nil
    end
    local width = integers_low_2(image, 6)
    local height = integers_low_2(image, 8)
    if width == 0 or height == 0 then
        return nil
    end
    return math_max(
        integers_low_2(header, 7),
        integers_low_2(image, 2) + width
    ), math_max(
        integers_low_2(header, 9),
        integers_low_2(image, 4) + height
    )
end
____exports.size = size
return ____exports
