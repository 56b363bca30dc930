local ____exports = {}
local string_byte = string.byte
local string_char = string.char
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local integers_high_2 = integers.high_2
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_some = byte_source.some
local MARK = 255
local START_OF_IMAGE = string_char(MARK, 216, MARK)
local FIRST_MARKER = 192
local SCAN = 218
--- Start of image and another marker. Phases: any.
local function is_one(first)
    return string_sub(first, 1, 3) == START_OF_IMAGE and (string_byte(first, 4) or 0) >= FIRST_MARKER
end
____exports.is_one = is_one
--- Which markers begin a frame: SOF0 to SOF15, of which DHT, JPG and DAC have three places. T.81, table B.1.
local function begins_frame(marker)
    return marker >= 192 and marker <= 207 and marker ~= 196 and marker ~= 200 and marker ~= 204
end
--- Whether this marker ends the search. What comes is no segment: RST, SOI, EOI. Or decoders differ on whether it is one, so that they may
-- find another frame in it: JPG and JPG0 to JPG13. Or there are several frames: DHP and EXP.
local function ends_search(marker)
    if marker < FIRST_MARKER or marker == 200 then
        return true
    end
    return marker >= 208 and marker <= 217 or marker == 222 or marker == 223 or marker >= 240 and marker <= 253
end
--- The frame header, from its length on: that, the precision, height, width, and the number of components. T.81, B.2.2.
local function of_frame(header)
    if #header < 8 then
        return nil
    end
    local components = string_byte(header, 8)
    local height = integers_high_2(header, 4)
    local width = integers_high_2(header, 6)
    if width == 0 or height == 0 or components == 0 then
        return nil
    end
    if integers_high_2(header, 1) ~= 8 + 3 * components then
        return nil
    end
    return width, height
end
--- Width and height in pixels; nothing where no scan is found, or not exactly one frame header before it. Phases: any.
local function size(source)
    local at = 2
    local width
    local height
    while true do
        local segment = byte_source_some(source, at, 10)
        if #segment < 4 or string_byte(segment, 1) ~= MARK then
            return nil
        end
        local marker = string_byte(segment, 2)
        if marker == SCAN then
            break
        end
        if marker == MARK then
            at = at + 1
        else
            local length = integers_high_2(segment, 3)
            if ends_search(marker) or length < 2 then
                return nil
            end
            if begins_frame(marker) then
                if width ~= nil then
                    return nil
                end
                width, height = of_frame(string_sub(segment, 3))
                if width == nil then
                    return nil
                end
            end
            at = at + (2 + length)
        end
    end
    if width == nil or height == nil then
        return nil
    end
    return width, height
end
____exports.size = size
return ____exports
