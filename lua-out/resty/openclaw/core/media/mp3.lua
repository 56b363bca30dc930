local ____exports = {}
local bit_arshift = bit.arshift
local bit_band = bit.band
local math_floor = math.floor
local string_byte = string.byte
local string_sub = string.sub
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_some = byte_source.some
--- Bits 6 and 5 of a frame's second byte are its version; 0 is MPEG 2.5, 2 is MPEG 2, 3 is MPEG 1. ISO/IEC 11172-3, section 2.4.1.3.
local MPEG_1 = 3
local RESERVED = 1
local LAYER_3 = 1
--- Kilobits a second, by the upper half of the third byte: ISO/IEC 11172-3, section 2.4.2.3, and 13818-3, section 2.4.2.3.
local RATES_1 = {
    0,
    32,
    40,
    48,
    56,
    64,
    80,
    96,
    112,
    128,
    160,
    192,
    224,
    256,
    320,
    0
}
local RATES_2 = {
    0,
    8,
    16,
    24,
    32,
    40,
    48,
    56,
    64,
    80,
    96,
    112,
    128,
    144,
    160,
    0
}
--- Samples a second of MPEG 1; half of these in MPEG 2, and a quarter in MPEG 2.5.
local FREQUENCIES = {44100, 48000, 32000, 0}
--- The bytes of the frame that begins so; nothing where none does. WHATWG's MIME Sniffing, section 6.2.2.
local function frame_bytes(header)
    if #header < 3 then
        return nil
    end
    local first, second_given, third_given = string_byte(header, 1, 3)
    local second = second_given
    local third = third_given
    if first ~= 255 or second < 224 then
        return nil
    end
    local version = bit_band(
        bit_arshift(second, 3),
        3
    )
    if version == RESERVED or bit_band(
        bit_arshift(second, 1),
        3
    ) ~= LAYER_3 then
        return nil
    end
    local rate = (version == MPEG_1 and RATES_1 or RATES_2)[bit_arshift(third, 4) + 1]
    local frequency = FREQUENCIES[bit_band(
        bit_arshift(third, 2),
        3
    ) + 1] / (version == MPEG_1 and 1 or (version == 2 and 2 or 4))
    if rate == 0 or frequency == 0 then
        return nil
    end
    local padding = bit_band(
        bit_arshift(third, 1),
        1
    )
    return math_floor((version == MPEG_1 and 144 or 72) * rate * 1000 / frequency) + padding
end
--- ID3v2.4.0, section 3.1: a version, its revision, flags, and the size in four bytes below 0x80.
local function is_tag(first)
    if string_sub(first, 1, 3) ~= "ID3" or #first < 10 then
        return false
    end
    local version = string_byte(first, 4)
    if version < 2 or version > 4 or string_byte(first, 5) == 255 then
        return false
    end
    for place = 7, 10 do
        if string_byte(first, place) >= 128 then
            return false
        end
    end
    return true
end
--- Whether it begins as MP3 does. Phases: any.
local function is_one(first, source)
    if is_tag(first) then
        return true
    end
    local bytes = frame_bytes(first)
    if bytes == nil then
        return false
    end
    return frame_bytes(byte_source_some(source, bytes, 3)) ~= nil
end
____exports.is_one = is_one
return ____exports
