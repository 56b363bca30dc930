local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local ffi_string = ffi.string
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_int = vips.int
local YES = vips_int(1)
--- VIPS_FOREIGN_KEEP_ICC, since 8.15.
local ONLY_PROFILE = vips_int(8)
local PROFILE = "icc-profile-data"
local bytes_place = ffi_new("void *[1]")
local count_place = ffi_new("size_t[1]")
--- Takes all metadata but the profile off an image that nobody else has.
local function keep_only_profile(library, image)
    local fields = library.openclaw_vips_image_get_fields(image)
    local names = fields
    local index = 0
    local name = names[index]
    while name ~= nil do
        local field = ffi_string(name)
        if field ~= PROFILE then
            library.openclaw_vips_image_remove(image, field)
        end
        index = index + 1
        name = names[index]
    end
    library.openclaw_vips_strfreev(fields)
end
--- Whether the library can be told which metadata to keep.
local function can_choose(library)
    local major = library.openclaw_vips_version(0)
    local minor = library.openclaw_vips_version(1)
    return major > 8 or minor >= 15
end
--- Calls the saver with its own options, of which there are two at most, and those of all.
local function save(library, image, form)
    local saver = library[("openclaw_vips_" .. form.written) .. "save_buffer"]
    local option
    local value
    if not form.has_profile then
        option = "strip"
        value = YES
    elseif can_choose(library) then
        option = "keep"
        value = ONLY_PROFILE
    else
        keep_only_profile(library, image)
    end
    if form.written == "png" then
        return saver(
            image,
            bytes_place,
            count_place,
            option,
            value,
            nil
        ) == 0
    end
    local quality = vips_int(form.quality)
    return saver(
        image,
        bytes_place,
        count_place,
        "Q",
        quality,
        option,
        value,
        nil
    ) == 0
end
--- The image as a file, whose memory has to be given to `free`. The image stays the caller's. Nothing on failure.
local function write(library, image, form)
    if not save(library, image, form) then
        return nil
    end
    return {
        memory = ffi_cast("uint8_t *", bytes_place[0]),
        bytes = tonumber(count_place[0])
    }
end
____exports.write = write
return ____exports
