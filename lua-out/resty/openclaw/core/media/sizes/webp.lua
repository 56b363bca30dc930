local ____exports = {}
local math_floor = math.floor
local math_max = math.max
local string_byte = string.byte
local string_char = string.char
local string_sub = string.sub
local integers = require("resty.openclaw.core.bytes.integers")
local integers_low_2 = integers.low_2
local integers_low_3 = integers.low_3
local integers_low_4 = integers.low_4
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_all = byte_source.all
local byte_source_some = byte_source.some
local FIRST_CHUNK = 12
local CHUNK_HEADER = 8
--- RFC 6386, section 9.1: after the frame tag of a key frame.
local VP8_START = string_char(157, 1, 42)
local VP8L_SIGNATURE = 47
--- VP8 has 14 bits for each side.
local SIDE = 16384
--- The container, and the beginning of a first chunk. Phases: any.
local function is_one(first)
    if string_sub(first, 1, 4) ~= "RIFF" or string_sub(first, 9, 12) ~= "WEBP" then
        return false
    end
    local kind = string_sub(first, 13, 16)
    return kind == "VP8 " or kind == "VP8L" or kind == "VP8X"
end
____exports.is_one = is_one
--- RFC 6386, section 9.1: the tag of the frame, three fixed bytes, the sides; each has two more bits for a scale.
local function of_lossy(source, at)
    local frame = byte_source_all(source, at, 10)
    if frame == nil or string_sub(frame, 4, 6) ~= VP8_START then
        return nil
    end
    local is_key_frame = string_byte(frame) % 2 == 0
    local width = integers_low_2(frame, 7) % SIDE
    local height = integers_low_2(frame, 9) % SIDE
    if not is_key_frame or width == 0 or height == 0 then
        return nil
    end
    return width, height
end
--- RFC 9649, section 3.4: a byte, then the sides less 1.
local function of_lossless(source, at)
    local header = byte_source_all(source, at, 5)
    if header == nil or string_byte(header) ~= VP8L_SIGNATURE then
        return nil
    end
    local sides = integers_low_4(header, 2)
    return 1 + sides % SIDE, 1 + math_floor(sides / SIDE) % SIDE
end
--- RFC 9649, section 2.7.1.1: the place of a frame in units of 2 pixels, then its sides less 1.
local function of_frame(source, at)
    local header = byte_source_all(source, at, 12)
    if header == nil then
        return nil
    end
    local right = 2 * integers_low_3(header, 1) + integers_low_3(header, 7) + 1
    return right, 2 * integers_low_3(header, 4) + integers_low_3(header, 10) + 1
end
--- Of the first image, or frame of an animation, among the chunks from `from` on.
local function of_image(source, from)
    local at = from
    while true do
        local chunk = byte_source_all(source, at, CHUNK_HEADER)
        if chunk == nil then
            return nil
        end
        local kind = string_sub(chunk, 1, 4)
        if kind == "VP8 " then
            return of_lossy(source, at + CHUNK_HEADER)
        end
        if kind == "VP8L" then
            return of_lossless(source, at + CHUNK_HEADER)
        end
        if kind == "ANMF" then
            return of_frame(source, at + CHUNK_HEADER)
        end
        local bytes = integers_low_4(chunk, 5)
        at = at + (CHUNK_HEADER + bytes + bytes % 2)
    end
end
--- Width and height in pixels; nothing where no image is found. Phases: any.
local function size(source)
    local first = byte_source_some(source, 0, 30)
    if not is_one(first) then
        return nil
    end
    if string_sub(first, 16, 16) ~= "X" then
        return of_image(source, FIRST_CHUNK)
    end
    local chunk_bytes = #first == 30 and integers_low_4(first, 17) or 0
    if chunk_bytes < 10 then
        return nil
    end
    local after = FIRST_CHUNK + CHUNK_HEADER + chunk_bytes + chunk_bytes % 2
    local width, height = of_image(source, after)
    if width == nil then
        return nil
    end
    return math_max(
        width,
        integers_low_3(first, 25) + 1
    ), math_max(
        height,
        integers_low_3(first, 28) + 1
    )
end
____exports.size = size
return ____exports
