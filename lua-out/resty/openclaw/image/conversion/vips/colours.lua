local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_sub = string.sub
local ffi = require("ffi")
local ffi_new = ffi.new
local ffi_string = ffi.string
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_instead = vips.instead
local vips_int = vips.int
local vips_made = vips.made
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
local PROFILE = "icc-profile-data"
--- The space of a profile's colours is 4 letters after 16 bytes: ICC.1, section 7.2.
local SPACE_AT = 16
local LEAST_PROFILE_BYTES = 128
local bytes_place = ffi_new("const void *[1]")
local count_place = ffi_new("size_t[1]")
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
____exports.has_its_profile = has_its_profile
--- To sRGB by the image's profile; where libvips cannot use it, by its own profile for CMYK, or none.
local function by_profile(library, image)
    local transform = library.openclaw_vips_icc_transform
    return vips_made(transform(
        image,
        vips.place,
        "srgb",
        "embedded",
        YES,
        "depth",
        BITS,
        nil
    ))
end
____exports.by_profile = by_profile
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
        return vips_instead(library, image, light)
    end
    local answer = library.openclaw_vips_colourspace(image, vips.place, SRGB, nil)
    return vips_instead(
        library,
        image,
        vips_made(answer)
    )
end
____exports.without_inks = without_inks
local WHITE = ffi_new("double[1]", {255})
--- The image on white, where it has an alpha channel. It is let go. Nothing on failure.
local function flatten(library, image)
    if library.openclaw_vips_image_hasalpha(image) == 0 then
        return image
    end
    local white = library.openclaw_vips_array_double_new(WHITE, 1)
    local answer = library.openclaw_vips_flatten(
        image,
        vips.place,
        "background",
        white,
        nil
    )
    library.openclaw_vips_area_unref(white)
    return vips_instead(
        library,
        image,
        vips_made(answer)
    )
end
____exports.flatten = flatten
--- In black and white, which is luminance. The image is let go. Nothing on failure.
local function grey(library, image)
    local answer = library.openclaw_vips_colourspace(image, vips.place, BLACK_AND_WHITE, nil)
    return vips_instead(
        library,
        image,
        vips_made(answer)
    )
end
____exports.grey = grey
--- Whether a profile for colours like the image's can stay with it when it is written.
local function may_keep_profile(library, image)
    return KEEP_PROFILE[library.openclaw_vips_image_guess_interpretation(image)] ~= nil
end
____exports.may_keep_profile = may_keep_profile
return ____exports
