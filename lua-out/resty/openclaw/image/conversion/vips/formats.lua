local ____exports = {}
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_some = byte_source.some
local image_size = require("resty.openclaw.core.media.image_size")
local image_size_TYPES = image_size.TYPES
local image_size_find = image_size.find
local magic = require("resty.openclaw.core.media.magic")
local magic_FIRST_BYTES = magic.FIRST_BYTES
local magic_find = magic.find
local heif = require("resty.openclaw.core.media.sizes.heif")
local heif_AVIF = heif.AVIF
local heif_HEIF = heif.HEIF
local heif_media_type = heif.media_type
local heif_size = heif.size
local MEDIA_TYPES = {jpeg = "image/jpeg", png = "image/png", webp = "image/webp"}
____exports.MEDIA_TYPES = MEDIA_TYPES
--- "keep": what was lossless stays so, and photographs do not become large.
local function format(media_type, loader, kept, kept_alpha, heif_coding)
    if kept_alpha == nil then
        kept_alpha = kept
    end
    return {
        media_type = media_type,
        loader = loader,
        kept = kept,
        kept_alpha = kept_alpha,
        heif_coding = heif_coding
    }
end
local FORMATS = {
    ["image/jpeg"] = format("image/jpeg", "jpegload", "jpeg"),
    ["image/png"] = format("image/png", "pngload", "png"),
    ["image/webp"] = format("image/webp", "webpload", "webp"),
    ["image/gif"] = format("image/gif", "gifload", "png"),
    ["image/tiff"] = format("image/tiff", "tiffload", "png"),
    ["image/bmp"] = format("image/bmp", nil, "png"),
    [heif_HEIF] = format(
        heif_HEIF,
        "heifload",
        "jpeg",
        "png",
        1
    ),
    [heif_AVIF] = format(
        heif_AVIF,
        "heifload",
        "jpeg",
        "png",
        4
    )
}
--- The format by the first bytes, whatever else the file may be; nothing where it is none of these.
local function find(source)
    local found = magic_find(source, image_size_TYPES)
    if found ~= nil then
        return FORMATS[found]
    end
    local its_type = heif_media_type(byte_source_some(source, 0, magic_FIRST_BYTES))
    local ____temp_0
    if its_type == nil then
        ____temp_0 = nil
    else
        ____temp_0 = FORMATS[its_type]
    end
    return ____temp_0
end
____exports.find = find
--- Width and height in pixels by the header; nothing where that is broken.
local function size(source, its_format)
    if its_format.heif_coding ~= nil then
        return heif_size(source)
    end
    return image_size_find(source, its_format.media_type)
end
____exports.size = size
return ____exports
