local ____exports = {}
local math_max = math.max
local string_format = string.format
local byte_source = require("resty.openclaw.core.files.byte_source")
local byte_source_close = byte_source.close
local byte_source_open = byte_source.open
local image_size = require("resty.openclaw.core.media.image_size")
local image_size_FORMATS = image_size.FORMATS
local image_size_MOST_READS = image_size.MOST_READS
local image_size_find = image_size.find
local magic = require("resty.openclaw.core.media.magic")
local magic_JSON = magic.JSON
local magic_find = magic.find
local json = require("resty.openclaw.checks.json")
local json_check = json.check
local function check_image(limits, source, media_type)
    local width, height = image_size_find(source, media_type)
    if width == nil then
        return "broken_image", "The header of the image is broken, or has no size."
    end
    local ____limits_0 = limits
    local max_side = ____limits_0.max_side
    local max_pixels = ____limits_0.max_pixels
    if math_max(width, height) <= max_side and width * height <= max_pixels then
        return nil
    end
    return "image_too_large", string_format(
        "The image has %.0f x %.0f pixels; it may have at most %d a side, and %.0f in all.",
        width,
        height,
        max_side,
        max_pixels
    )
end
--- What can be told from a few bytes of a body: nothing where all is fine, or where it may be JSON.
local function look(settings, source, media_type)
    if media_type == nil then
        return "unsupported_media_type", ("The body is none of these types: " .. settings.type_names) .. "."
    end
    local ____settings_1 = settings
    local image = ____settings_1.image
    if image == nil or image_size_FORMATS[media_type] == nil then
        return nil
    end
    return check_image(image, source, media_type)
end
--- Checks a body that is not empty. As `json.check`.
local function check(settings, types, body)
    if settings.is_only_json then
        return json_check(settings.json, body)
    end
    local source, open_err = byte_source_open(body, image_size_MOST_READS)
    if source == nil then
        return "unreadable", open_err
    end
    local media_type = magic_find(source, types)
    local reason, message = look(settings, source, media_type)
    byte_source_close(source)
    if source.problem ~= nil then
        return "unreadable", source.problem
    end
    if reason ~= nil then
        return reason, message
    end
    if media_type ~= magic_JSON then
        return nil
    end
    return json_check(settings.json, body)
end
____exports.check = check
return ____exports
