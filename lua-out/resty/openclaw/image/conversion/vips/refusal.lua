local ____exports = {}
local ipairs = ipairs
local string_find = string.find
local string_format = string.format
local vips = require("resty.openclaw.image.conversion.vips.library")
local vips_take_text = vips.take_text
local BROKEN = "The image is damaged or incomplete."
local FAILED = "The image could not be converted."
--- A file that no decoder takes, or takes whole.
local function broken()
    return nil, "broken_image", BROKEN
end
____exports.broken = broken
--- A format that is not wanted, or cannot be read.
local function unsupported(message)
    return nil, "unsupported_image", message
end
____exports.unsupported = unsupported
--- Something went wrong here. `text`: what, for the log.
local function failed(text)
    return nil, "failed", FAILED, text
end
____exports.failed = failed
--- How libvips, libjpeg, libpng, libtiff and libheif say that there is no memory.
local NO_MEMORY = {"ut of memory", "nsufficient memory", "emory allocation"}
local function says_no_memory(text)
    local is_limit = string_find(text, "limit", 1, true)
    if is_limit ~= nil then
        return false
    end
    for ____, words in ipairs(NO_MEMORY) do
        local found = string_find(text, words, 1, true)
        if found ~= nil then
            return true
        end
    end
    return false
end
--- By what the library says: its text may be about another thread's image, which was converted at the same moment.
local function by_text(library)
    local text = vips_take_text(library)
    if says_no_memory(text) then
        return failed(text)
    end
    return nil, "broken_image", BROKEN, text
end
____exports.by_text = by_text
--- More pixels than are accepted.
local function too_large(width, height, most)
    local text = string_format("The image has %.0f × %.0f pixels; at most %.0f are accepted.", width, height, most)
    return nil, "image_too_large", text
end
____exports.too_large = too_large
return ____exports
