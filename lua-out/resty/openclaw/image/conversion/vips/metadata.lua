local ____exports = {}
local math_floor = math.floor
local math_min = math.min
local ____bit = require("bit")
local bit_band = ____bit.band
local ffi = require("ffi")
local ffi_cdef = ffi.cdef
local ffi_string = ffi.string
ffi_cdef("void *openclaw_metadata_move(void *to, const void *from, size_t bytes) __asm__(\"memmove\");")
local PROFILE = "icc-profile-data"
--- Takes all metadata off an image that nobody else has, but the colour profile where it is to stay.
local function remove(library, image, has_profile)
    local fields = library.openclaw_vips_image_get_fields(image)
    local names = fields
    local index = 0
    local name = names[index]
    while name ~= nil do
        local field = ffi_string(name)
        if field ~= PROFILE or not has_profile then
            library.openclaw_vips_image_remove(image, field)
        end
        index = index + 1
        name = names[index]
    end
    library.openclaw_vips_strfreev(fields)
end
____exports.remove = remove
--- Moves what comes after a stretch to its beginning; how many bytes there are then.
local function cut(memory, bytes, from, to)
    ffi.C.openclaw_metadata_move(memory + from, memory + to, bytes - to)
    return bytes - (to - from)
end
local MARK = 255
local SCAN = 218
local APP0 = 224
local PROFILE_SEGMENT = 226
--- Adobe's segment says how the colours are coded.
local CODING_SEGMENT = 238
local APP15 = 239
local COMMENT = 254
--- Whether a segment is metadata: a segment for applications, or a comment. libvips writes nothing else than the profile into APP2.
local function is_metadata(marker, has_profile)
    if marker == COMMENT then
        return true
    end
    if marker == PROFILE_SEGMENT then
        return not has_profile
    end
    return marker > APP0 and marker <= APP15 and marker ~= CODING_SEGMENT
end
--- Without segments of metadata. The file is one that libvips wrote: nothing but segments comes before the scan.
local function clean_jpeg(memory, count, has_profile)
    local bytes = count
    local at = 2
    while at + 4 <= bytes and memory[at] == MARK and memory[at + 1] ~= SCAN do
        local ____end = at + 2 + memory[at + 2] * 256 + memory[at + 3]
        if ____end <= bytes and is_metadata(memory[at + 1], has_profile) then
            bytes = cut(memory, bytes, at, ____end)
        else
            at = ____end
        end
    end
    return bytes
end
local function low_4(memory, at)
    return memory[at] + memory[at + 1] * 256 + memory[at + 2] * 65536 + memory[at + 3] * 16777216
end
local function write_low_4(memory, at, number)
    for index = 0, 3 do
        memory[at + index] = math_floor(number / 2 ^ (8 * index)) % 256
    end
end
--- RFC 9649, section 2.7: after the header of the file and that of the chunk VP8X, whose flags come first.
local FIRST_CHUNK = 12
local CHUNK_HEADER = 8
local FLAGS = FIRST_CHUNK + CHUNK_HEADER
local FLAG_PROFILE = 32
--- Of EXIF and XMP.
local FLAGS_METADATA = 8 + 4
--- Without chunks of metadata, and with flags and a length that say so.
local function clean_webp(memory, count, has_profile)
    if count < FLAGS + 1 or ffi_string(memory + FIRST_CHUNK, 4) ~= "VP8X" then
        return count
    end
    local bytes = count
    local at = FIRST_CHUNK
    while at + CHUNK_HEADER <= bytes do
        local kind = ffi_string(memory + at, 4)
        local length = low_4(memory, at + 4)
        local ____end = math_min(at + CHUNK_HEADER + length + length % 2, bytes)
        local is_unwanted = kind == "EXIF" or kind == "XMP " or kind == "ICCP" and not has_profile
        if is_unwanted then
            bytes = cut(memory, bytes, at, ____end)
        else
            at = ____end
        end
    end
    local unwanted = FLAGS_METADATA + (has_profile and 0 or FLAG_PROFILE)
    memory[FLAGS] = bit_band(memory[FLAGS], 255 - unwanted)
    write_low_4(memory, 4, bytes - CHUNK_HEADER)
    return bytes
end
--- Takes metadata off a file that libvips wrote, in its place in memory; how many bytes it has then.
local function clean(written, memory, count, has_profile)
    if written == "jpeg" then
        return clean_jpeg(memory, count, has_profile)
    end
    return written == "webp" and clean_webp(memory, count, has_profile) or count
end
____exports.clean = clean
return ____exports
