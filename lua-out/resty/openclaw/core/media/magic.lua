local ____exports = {}
local ipairs = ipairs
local string_byte = string.byte
local string_char = string.char
local string_find = string.find
local string_sub = string.sub
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_some = byte_source.some
local image_size = require("resty.openclaw.core.media.image_size")
local image_size_FORMATS = image_size.FORMATS
local mp3 = require("resty.openclaw.core.media.mp3")
--- How many first bytes the tests look at.
local FIRST_BYTES = 64
____exports.FIRST_BYTES = FIRST_BYTES
--- A test for bytes that must be at a place, counted from 1.
local function at(place, ...)
    local signatures = {...}
    return function(first)
        for ____, signature in ipairs(signatures) do
            if string_sub(first, place, place + #signature - 1) == signature then
                return true
            end
        end
        return false
    end
end
--- RIFF, or RF64 for long ones, with audio in waves: EBU Tech 3306.
local is_riff = at(1, "RIFF", "RF64")
local has_waves = at(9, "WAVE")
--- RFC 3533, section 6: the first page, whose only packet begins after 28 bytes when it is the header of a codec for audio.
local is_ogg = at(1, "OggS\0")
local has_audio_codec = at(
    29,
    "vorbis",
    "OpusHead",
    "Speex   ",
    "FLAC"
)
--- The types of ISO/IEC 14496-12 files that are MPEG-4: the major brand of the box that comes first.
local has_file_type = at(5, "ftyp")
local is_video_brand = at(
    9,
    "isom",
    "iso2",
    "iso3",
    "iso4",
    "iso5",
    "iso6",
    "mp41",
    "mp42",
    "avc1",
    "M4V ",
    "MSNV",
    "dash"
)
local is_audio_brand = at(9, "M4A ", "M4B ")
--- RFC 8794, section 8.1: EBML whose type of document is WebM.
local EBML = string_char(26, 69, 223, 163)
local DOCUMENT_TYPE = string_char(66, 130, 132) .. "webm"
local function is_webm(first)
    local found = string_find(first, DOCUMENT_TYPE, 1, true)
    return string_sub(first, 1, 4) == EBML and found ~= nil
end
--- ISO 32000-1, section 7.5.2.
local function is_pdf(first)
    local digit = string_byte(first, 6) or 0
    return string_sub(first, 1, 5) == "%PDF-" and digit >= string_byte("1") and digit <= string_byte("9")
end
local BEGIN_JSON = {}
for place = 1, 17 do
    BEGIN_JSON[string_byte("{[\"-0123456789tfn", place)] = true
end
local BLANKS = {}
for place = 1, 4 do
    BLANKS[string_byte(" \t\n\r", place)] = true
end
--- Whether a JSON text may begin so: RFC 8259, section 2. Whether it is JSON only the whole of it tells.
local function may_be_json(first)
    for place = 1, #first do
        local byte = string_byte(first, place)
        if not (BLANKS[byte] ~= nil) then
            return BEGIN_JSON[byte] ~= nil
        end
    end
    return true
end
local function both(left, right)
    return function(first, source) return left(first, source) and right(first, source) end
end
local function of_image(media_type)
    return image_size_FORMATS[media_type].is_one
end
--- The type that is known by parsing, not by a signature.
local JSON = "application/json"
____exports.JSON = JSON
local TESTS = {
    ["image/jpeg"] = of_image("image/jpeg"),
    ["image/png"] = of_image("image/png"),
    ["image/gif"] = of_image("image/gif"),
    ["image/webp"] = of_image("image/webp"),
    ["image/bmp"] = of_image("image/bmp"),
    ["image/tiff"] = of_image("image/tiff"),
    ["application/json"] = may_be_json,
    ["application/pdf"] = is_pdf,
    ["application/gzip"] = at(
        1,
        string_char(31, 139, 8)
    ),
    ["application/zip"] = at(1, "PK"),
    ["audio/flac"] = at(1, "fLaC"),
    ["audio/mp4"] = both(has_file_type, is_audio_brand),
    ["audio/mpeg"] = mp3.is_one,
    ["audio/ogg"] = both(is_ogg, has_audio_codec),
    ["audio/wav"] = both(is_riff, has_waves),
    ["video/mp4"] = both(has_file_type, is_video_brand),
    ["video/webm"] = is_webm
}
--- All types that can be told, in the order in which `find` should have them.
local TYPES = {
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "application/pdf",
    "application/gzip",
    "application/zip",
    "audio/flac",
    "audio/mp4",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "video/mp4",
    "video/webm",
    JSON
}
____exports.TYPES = TYPES
--- The first one of these types that the source may be; nothing where it is none. JSON is only told by its first character: the caller
-- has to check the rest. Phases: any.
local function find(source, types)
    local first = byte_source_some(source, 0, FIRST_BYTES)
    for ____, media_type in ipairs(types) do
        if TESTS[media_type](first, source) then
            return media_type
        end
    end
    return nil
end
____exports.find = find
return ____exports
