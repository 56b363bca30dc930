local ____exports = {}
local bmp = require("resty.openclaw.core.media.sizes.bmp")
local gif = require("resty.openclaw.core.media.sizes.gif")
local jpeg = require("resty.openclaw.core.media.sizes.jpeg")
local png = require("resty.openclaw.core.media.sizes.png")
local tiff = require("resty.openclaw.core.media.sizes.tiff")
local webp = require("resty.openclaw.core.media.sizes.webp")
--- How often a source for `find` may be read: enough for headers with large profiles, which come in many small blocks.
local MOST_READS = 2048
____exports.MOST_READS = MOST_READS
--- By media type.
local FORMATS = {
    ["image/jpeg"] = jpeg,
    ["image/png"] = png,
    ["image/gif"] = gif,
    ["image/webp"] = webp,
    ["image/bmp"] = bmp,
    ["image/tiff"] = tiff
}
____exports.FORMATS = FORMATS
--- All of these types, in their usual order.
local TYPES = {
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff"
}
____exports.TYPES = TYPES
--- Width and height in pixels of an image of this type; nothing where its header is broken or has no size, and where it is none of
-- `TYPES`. Of an animation or a file with several images: of the first one and what it is drawn on. Phases: any; never raises.
local function find(source, media_type)
    local format = FORMATS[media_type]
    if format == nil then
        return nil
    end
    local width, height = format.size(source)
    if width == nil then
        return nil
    end
    return width, height
end
____exports.find = find
return ____exports
