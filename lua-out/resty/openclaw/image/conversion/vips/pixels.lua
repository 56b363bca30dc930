local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local math_max = math.max
local math_min = math.min
local string_sub = string.sub
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local ffi_string = ffi.string
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_int = vips.int
local vips_unref = vips.unref
--- VIPS_ACCESS_SEQUENTIAL: from the top down, so that a large image is never in memory as a whole.
local SEQUENTIAL = vips_int(1)
--- VIPS_FAIL_ON_ERROR: no half pictures; warnings pass.
local FAIL_ON_ERROR = vips_int(2)
--- VIPS_SIZE_DOWN and VIPS_SIZE_FORCE
local ONLY_DOWN = vips_int(2)
local EXACTLY = vips_int(3)
local YES = vips_int(1)
local BITS = vips_int(8)
--- VIPS_INTERPRETATION_…, as vips/image.h has them.
local CMYK = 15
local SRGB = 22
local BLACK_AND_WHITE = 1
local KEEP_PROFILE = {}
for ____, space in ipairs({
    BLACK_AND_WHITE,
    17,
    SRGB,
    25,
    26
}) do
    KEEP_PROFILE[space] = true
end
--- VIPS_FORMAT_DOUBLE is 8 and VIPS_FORMAT_DPCOMPLEX 9; complex numbers are no picture.
local MOST_FORMAT = 8
local COMPLEX = 7
--- CMYK with an alpha channel.
local MOST_BANDS = 5
local PROFILE = "icc-profile-data"
--- The space of a profile's colours is 4 letters after 16 bytes: ICC.1, section 7.2.
local SPACE_AT = 16
local LEAST_PROFILE_BYTES = 128
--- What stays to be shrunk after the decoder has: its own pixels are averages of squares, which alone would look sharp.
local LEAST_SHRINK = 1.5
local place = ffi_new("openclaw_vips_image *[1]")
local bytes_place = ffi_new("const void *[1]")
local count_place = ffi_new("size_t[1]")
--- The image that an operation has made; nothing where it failed.
local function made(answer)
    if answer ~= 0 then
        return nil
    end
    return place[0]
end
--- Opens a file in memory, which must stay until the image is let go. Reads no more than its header. Nothing on failure.
local function open(library, format, memory, count)
    local load = library[("openclaw_vips_" .. tostring(format.loader)) .. "_buffer"]
    return made(load(
        memory,
        count,
        place,
        "access",
        SEQUENTIAL,
        "fail_on",
        FAIL_ON_ERROR,
        nil
    ))
end
____exports.open = open
--- Whether these are pixels of a picture, rather than of a measurement.
local function is_picture(library, image)
    local its_format = library.openclaw_vips_image_get_format(image)
    if its_format < 0 or its_format > MOST_FORMAT or its_format == COMPLEX then
        return false
    end
    return library.openclaw_vips_image_get_bands(image) <= MOST_BANDS
end
____exports.is_picture = is_picture
--- Width and height of an image of the library.
local function size(library, image)
    return library.openclaw_vips_image_get_width(image), library.openclaw_vips_image_get_height(image)
end
____exports.size = size
--- By how much the decoder itself may shrink. libvips ends the process where a side would become 0.
local function shrink_on_load(library, image, max_side)
    local width, height = size(library, image)
    return (math_min(
        math_max(width, height) / max_side / LEAST_SHRINK,
        width,
        height
    ))
end
--- Opens it again so that the decoder gives smaller pixels, where it can; else the same image. Nothing on failure.
local function reopen(library, format, memory, count, image, max_side)
    local shrink = shrink_on_load(library, image, max_side)
    if format.loader == "jpegload" and shrink >= 2 then
        local times = vips_int(shrink >= 8 and 8 or (shrink >= 4 and 4 or 2))
        vips_unref(library, image)
        local load = library.openclaw_vips_jpegload_buffer
        return made(load(
            memory,
            count,
            place,
            "access",
            SEQUENTIAL,
            "fail_on",
            FAIL_ON_ERROR,
            "shrink",
            times,
            nil
        ))
    end
    if format.loader == "webpload" and shrink > 1 then
        vips_unref(library, image)
        local load = library.openclaw_vips_webpload_buffer
        return made(load(
            memory,
            count,
            place,
            "access",
            SEQUENTIAL,
            "fail_on",
            FAIL_ON_ERROR,
            "scale",
            1 / shrink,
            nil
        ))
    end
    return image
end
--- What a step has made of an image, which is let go.
local function instead(library, image, next)
    vips_unref(library, image)
    return next
end
--- The space of the colours in the image's profile; nothing where there is none.
local function profile_space(library, image)
    if tonumber(library.openclaw_vips_image_get_typeof(image, PROFILE)) == 0 then
        return nil
    end
    if library.openclaw_vips_image_get_blob(image, PROFILE, bytes_place, count_place) ~= 0 then
        return nil
    end
    if tonumber(count_place[0]) < LEAST_PROFILE_BYTES then
        return nil
    end
    local profile = ffi_string(bytes_place[0], SPACE_AT + 4)
    return (string_sub(profile, SPACE_AT + 1))
end
--- Whether the profile is for colours such as the image has after it was shrunk.
local function has_its_profile(library, image)
    local space = profile_space(library, image)
    local bands = library.openclaw_vips_image_get_bands(image)
    return space == (bands < 3 and "GRAY" or "RGB ")
end
--- To sRGB by the image's profile; where libvips cannot use it, by its own profile for CMYK, or none.
local function by_profile(library, image)
    local transform = library.openclaw_vips_icc_transform
    return made(transform(
        image,
        place,
        "srgb",
        "embedded",
        YES,
        "depth",
        BITS,
        nil
    ))
end
--- Four inks become light before anything is shrunk: afterwards their profile would not fit.
local function without_inks(library, image)
    if library.openclaw_vips_image_guess_interpretation(image) ~= CMYK then
        return image
    end
    local ____temp_0
    if profile_space(library, image) == "CMYK" then
        ____temp_0 = by_profile(library, image)
    else
        ____temp_0 = nil
    end
    local light = ____temp_0
    if light ~= nil then
        return instead(library, image, light)
    end
    local answer = library.openclaw_vips_colourspace(image, place, SRGB, nil)
    return instead(
        library,
        image,
        made(answer)
    )
end
--- Small enough and upright, with 8 bits a channel.
local function shrunk(library, image, max_side)
    local height = vips_int(max_side)
    local answer = library.openclaw_vips_thumbnail_image(
        image,
        place,
        max_side,
        "height",
        height,
        "size",
        ONLY_DOWN,
        nil
    )
    return instead(
        library,
        image,
        made(answer)
    )
end
--- In memory: all of the decoder's work is done here, and its failures come out here.
local function in_memory(library, image)
    local copy = library.openclaw_vips_image_copy_memory(image)
    return instead(library, image, copy or nil)
end
--- The pixels that are written, in memory, and whether their colour profile is to stay with them. The image is let go. Nothing on failure:
-- then the file is broken, or there is no memory.
local function make(library, format, memory, count, image, wish)
    local opened = reopen(
        library,
        format,
        memory,
        count,
        image,
        wish.max_side
    )
    if opened == nil then
        return nil
    end
    local may_keep = KEEP_PROFILE[library.openclaw_vips_image_guess_interpretation(opened)] ~= nil
    local light = without_inks(library, opened)
    if light == nil then
        return nil
    end
    local small = shrunk(library, light, wish.max_side)
    if small == nil then
        return nil
    end
    local is_profiled = may_keep and has_its_profile(library, small)
    local ____temp_1
    if is_profiled and not wish.keeps_profile then
        ____temp_1 = by_profile(library, small)
    else
        ____temp_1 = nil
    end
    local managed = ____temp_1
    local pixels = in_memory(
        library,
        managed == nil and small or instead(library, small, managed)
    )
    if pixels == nil then
        return nil
    end
    return pixels, is_profiled and wish.keeps_profile
end
____exports.make = make
local WHITE = ffi_new("double[1]", {255})
--- The image on white, where it has an alpha channel. It is let go. Nothing on failure.
local function flatten(library, image)
    if library.openclaw_vips_image_hasalpha(image) == 0 then
        return image
    end
    local white = library.openclaw_vips_array_double_new(WHITE, 1)
    local answer = library.openclaw_vips_flatten(
        image,
        place,
        "background",
        white,
        nil
    )
    library.openclaw_vips_area_unref(white)
    return instead(
        library,
        image,
        made(answer)
    )
end
____exports.flatten = flatten
--- The image of exactly that size, in black and white on white: a byte for each pixel, in memory for `free`. Nothing on failure.
local function luminance(library, image, side)
    local height = vips_int(side)
    local answer = library.openclaw_vips_thumbnail_image(
        image,
        place,
        side,
        "height",
        height,
        "size",
        EXACTLY,
        nil
    )
    local small = made(answer)
    local ____temp_2
    if small == nil then
        ____temp_2 = nil
    else
        ____temp_2 = flatten(library, small)
    end
    local flat = ____temp_2
    if flat == nil then
        return nil
    end
    local grey = instead(
        library,
        flat,
        made(library.openclaw_vips_colourspace(flat, place, BLACK_AND_WHITE, nil))
    )
    if grey == nil then
        return nil
    end
    local bytes = library.openclaw_vips_image_write_to_memory(grey, count_place)
    vips_unref(library, grey)
    if bytes == nil then
        return nil
    end
    if tonumber(count_place[0]) == side * side then
        return (ffi_cast("uint8_t *", bytes))
    end
    library.openclaw_vips_free(bytes)
    return nil
end
____exports.luminance = luminance
return ____exports
