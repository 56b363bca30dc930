local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local math_max = math.max
local math_min = math.min
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local colours = require("resty.openclaw.image.conversion.vips.colours")
local colours_by_profile = colours.by_profile
local colours_flatten = colours.flatten
local colours_grey = colours.grey
local colours_has_its_profile = colours.has_its_profile
local colours_may_keep_profile = colours.may_keep_profile
local colours_without_inks = colours.without_inks
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_instead = vips.instead
local vips_int = vips.int
local vips_made = vips.made
local vips_unref = vips.unref
--- VIPS_ACCESS_SEQUENTIAL: from the top down, so that a large image is never in memory as a whole.
local SEQUENTIAL = vips_int(1)
--- VIPS_FAIL_ON_ERROR: no half pictures; warnings pass.
local FAIL_ON_ERROR = vips_int(2)
--- VIPS_SIZE_DOWN and VIPS_SIZE_FORCE
local ONLY_DOWN = vips_int(2)
local EXACTLY = vips_int(3)
--- VIPS_FORMAT_DOUBLE is 8 and VIPS_FORMAT_DPCOMPLEX 9; complex numbers are no picture.
local MOST_FORMAT = 8
local COMPLEX = 7
--- CMYK with an alpha channel.
local MOST_BANDS = 5
--- What stays to be shrunk after the decoder has: its own pixels are averages of squares, which alone would look sharp.
local LEAST_SHRINK = 1.5
local count_place = ffi_new("size_t[1]")
--- Opens a file in memory, which must stay until the image is let go. Reads no more than its header. Nothing on failure.
local function open(library, format, memory, count)
    local load = library[("openclaw_vips_" .. tostring(format.loader)) .. "_buffer"]
    return vips_made(load(
        memory,
        count,
        vips.place,
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
        return vips_made(load(
            memory,
            count,
            vips.place,
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
        return vips_made(load(
            memory,
            count,
            vips.place,
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
--- Small enough and upright, with 8 bits a channel.
local function shrunk(library, image, max_side)
    local height = vips_int(max_side)
    local answer = library.openclaw_vips_thumbnail_image(
        image,
        vips.place,
        max_side,
        "height",
        height,
        "size",
        ONLY_DOWN,
        nil
    )
    return vips_instead(
        library,
        image,
        vips_made(answer)
    )
end
--- In memory: all of the decoder's work is done here, and its failures come out here.
local function in_memory(library, image)
    local copy = library.openclaw_vips_image_copy_memory(image)
    return vips_instead(library, image, copy or nil)
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
    local may_keep = colours_may_keep_profile(library, opened)
    local light = colours_without_inks(library, opened)
    if light == nil then
        return nil
    end
    local small = shrunk(library, light, wish.max_side)
    if small == nil then
        return nil
    end
    local is_profiled = may_keep and colours_has_its_profile(library, small)
    local ____temp_0
    if is_profiled and not wish.keeps_profile then
        ____temp_0 = colours_by_profile(library, small)
    else
        ____temp_0 = nil
    end
    local managed = ____temp_0
    local pixels = in_memory(
        library,
        managed == nil and small or vips_instead(library, small, managed)
    )
    if pixels == nil then
        return nil
    end
    return pixels, is_profiled and wish.keeps_profile
end
____exports.make = make
--- The image of exactly that size, in black and white on white: a byte for each pixel, in memory for `free`. Nothing on failure.
local function luminance(library, image, side)
    local height = vips_int(side)
    local answer = library.openclaw_vips_thumbnail_image(
        image,
        vips.place,
        side,
        "height",
        height,
        "size",
        EXACTLY,
        nil
    )
    local small = vips_made(answer)
    local ____temp_1
    if small == nil then
        ____temp_1 = nil
    else
        ____temp_1 = colours_flatten(library, small)
    end
    local flat = ____temp_1
    if flat == nil then
        return nil
    end
    local grey = colours_grey(library, flat)
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
