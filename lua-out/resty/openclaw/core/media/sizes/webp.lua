local ____exports = {}
local math_floor = math.floor
local math_min = math.min
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
--- Where the chunk after this one begins: they have even lengths.
local function after_chunk(at, header)
    local bytes = integers_low_4(header, 5)
    return at + CHUNK_HEADER + bytes + bytes % 2
end
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
--- Whether there is another image, a frame or a canvas among the chunks from `from` up to `end`.
local function has_image(source, from, ____end)
    local at = from
    while at + CHUNK_HEADER <= ____end do
        local chunk = byte_source_all(source, at, CHUNK_HEADER)
        if chunk == nil then
            return source.reads_left <= 0
        end
        local kind = string_sub(chunk, 1, 4)
        if kind == "VP8 " or kind == "VP8L" or kind == "VP8X" or kind == "ANMF" then
            return true
        end
        at = after_chunk(at, chunk)
    end
    return false
end
--- Of the only image, or the first frame of an animation, among the chunks from `from` up to `end`.
local function of_image(source, from, ____end)
    local at = from
    while at + CHUNK_HEADER <= ____end do
        local chunk = byte_source_all(source, at, CHUNK_HEADER)
        if chunk == nil then
            return nil
        end
        local kind = string_sub(chunk, 1, 4)
        if kind == "VP8X" then
            return nil
        end
        if kind == "ANMF" then
            return of_frame(source, at + CHUNK_HEADER)
        end
        if kind == "VP8 " or kind == "VP8L" then
            if has_image(
                source,
                after_chunk(at, chunk),
                ____end
            ) then
                return nil
            end
            return unpack(kind == "VP8 " and ({of_lossy(source, at + CHUNK_HEADER)}) or ({of_lossless(source, at + CHUNK_HEADER)}))
        end
        at = after_chunk(at, chunk)
    end
    return nil
end
--- Width and height in pixels; nothing where no image is found, there are two, or it is larger than the canvas. Phases: any.
local function size(source)
    local first = byte_source_some(source, 0, 30)
    if not is_one(first) then
        return nil
    end
    local ____end = math_min(
        source.bytes,
        CHUNK_HEADER + integers_low_4(first, 5)
    )
    if string_sub(first, 16, 16) ~= "X" then
        return of_image(source, FIRST_CHUNK, ____end)
    end
    local chunk_bytes = #first == 30 and integers_low_4(first, 17) or 0
    if chunk_bytes < 10 then
        return nil
    end
    local width, height = of_image(
        source,
        after_chunk(
            FIRST_CHUNK,
            string_sub(first, 13, 20)
        ),
        ____end
    )
    local canvas_width = integers_low_3(first, 25) + 1
    local canvas_height = integers_low_3(first, 28) + 1
    if width == nil or width > canvas_width or height > canvas_height then
        return nil
    end
    return canvas_width, canvas_height
end
____exports.size = size
return ____exports
