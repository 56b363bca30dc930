local ____exports = {}
local tonumber = tonumber
local ffi = require("ffi")
local ffi_cast = ffi.cast
local ffi_new = ffi.new
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_int = vips.int
local metadata = require("resty.openclaw.image.conversion.vips.metadata")
local metadata_clean = metadata.clean
local metadata_remove = metadata.remove
local bytes_place = ffi_new("void *[1]")
local count_place = ffi_new("size_t[1]")
--- Calls the saver. Whether it could.
local function save(library, image, form)
    local saver = library[("openclaw_vips_" .. form.written) .. "save_buffer"]
    local strip = vips_int(form.has_profile and 0 or 1)
    if form.written == "png" then
        return saver(
            image,
            bytes_place,
            count_place,
            "strip",
            strip,
            nil
        ) == 0
    end
    local quality = vips_int(form.quality)
    return saver(
        image,
        bytes_place,
        count_place,
        "strip",
        strip,
        "Q",
        quality,
        nil
    ) == 0
end
--- The image as a file, whose memory has to be given to `openclaw_vips_free`. The image stays the caller's, without its metadata. Nothing on
-- failure.
local function write(library, image, form)
    metadata_remove(library, image, form.has_profile)
    if not save(library, image, form) then
        return nil
    end
    local memory = ffi_cast("uint8_t *", bytes_place[0])
    return {
        memory = memory,
        bytes = metadata_clean(
            form.written,
            memory,
            tonumber(count_place[0]),
            form.has_profile
        )
    }
end
____exports.write = write
return ____exports
