local ____exports = {}
local ipairs = ipairs
local string_sub = string.sub
local string_upper = string.upper
local table_concat = table.concat
local formats = require("resty.openclaw.image.conversion.vips.formats")
local formats_find = formats.find
local formats_size = formats.size
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_decodes_heif = vips.decodes_heif
local vips_has = vips.has
local limits = require("resty.openclaw.image.conversion.vips.limits")
local limits_are_kept = limits.are_kept
local refusal = require("resty.openclaw.image.conversion.vips.refusal")
local refusal_broken = refusal.broken
local refusal_too_large = refusal.too_large
local refusal_unsupported = refusal.unsupported
--- The name of a format: "JPEG" of "image/jpeg".
local function name_of(media_type)
    local name = string_sub(media_type, #"image/" + 1)
    return name == "webp" and "WebP" or string_upper(name)
end
--- The formats that may come in, by their names.
local function accepted(target)
    local names = {}
    for ____, media_type in ipairs(target.formats) do
        names[#names + 1] = name_of(media_type)
    end
    return ("Accepted are " .. table_concat(names, ", ")) .. "."
end
local function is_accepted(target, media_type)
    for ____, one in ipairs(target.formats) do
        if one == media_type then
            return true
        end
    end
    return false
end
--- Whether the library and those under it can read the format.
local function can_read(library, format)
    if format.loader == nil or not vips_has(library, format.loader .. "_buffer") then
        return false
    end
    return format.heif_coding == nil or vips_decodes_heif(format.heif_coding)
end
--- The format, if a decoder may see the file; by its first bytes and its header alone.
local function admit(library, source, target)
    local format = formats_find(source)
    if format == nil then
        return refusal_unsupported("What should be an image is of no known format. " .. accepted(target))
    end
    local media_type = format.media_type
    if not is_accepted(target, media_type) then
        return refusal_unsupported((("Images in " .. name_of(media_type)) .. " are not accepted. ") .. accepted(target))
    end
    if not can_read(library, format) then
        return refusal_unsupported(("Images in " .. name_of(media_type)) .. " cannot be read here.")
    end
    local width, height = formats_size(source, format)
    if width == nil then
        return refusal_broken()
    end
    if width * height > target.max_pixels then
        return refusal_too_large(width, height, target.max_pixels)
    end
    if not limits_are_kept(source, format) then
        return refusal_broken()
    end
    return format
end
____exports.admit = admit
return ____exports
