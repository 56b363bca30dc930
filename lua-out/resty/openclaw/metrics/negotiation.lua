local ____exports = {}
local tonumber = tonumber
local string_gmatch = string.gmatch
local string_gsub = string.gsub
local string_lower = string.lower
local string_match = string.match
local open_metrics = require("resty.openclaw.metrics.open_metrics")
local text_format = require("resty.openclaw.metrics.text_format")
--- In bytes; a longer header is ignored. Prometheus sends 300.
local LONGEST = 1024
--- A number from 0 to 1; nothing for anything else.
local function read_quality(text)
    local digits = string_match(text, "^[01]%.?%d*$")
    local quality = tonumber(digits or "")
    return quality ~= nil and quality <= 1 and quality or nil
end
--- Reads one entry; nothing where it is malformed.
local function read_range(entry)
    local media_type, parameters = string_match(entry, "^%s*([%w.+*-]+/[%w.+*-]+)%s*(.*)$")
    if media_type == nil then
        return nil
    end
    local quality = 1
    local version = ""
    for name, value in string_gmatch(parameters, ";%s*(%w+)%s*=%s*\"?([^\";%s]*)") do
        if string_lower(name) == "q" then
            quality = read_quality(value)
        end
        if string_lower(name) == "version" then
            version = value
        end
    end
    if quality == nil then
        return nil
    end
    return {
        media_type = string_lower(media_type),
        version = version,
        quality = quality
    }
end
--- How specific a range is for a format: 0 when it does not match.
local function specificity_of(range, format)
    if range.media_type == "*/*" then
        return 1
    end
    if range.media_type == (string_gsub(format.media_type, "/.*$", "/*")) then
        return 2
    end
    if range.media_type ~= format.media_type then
        return 0
    end
    if range.version == "" then
        return 3
    end
    return range.version == format.version and 4 or 0
end
--- The preference for a format, by the most specific entry that matches it.
local function preference(accept, format)
    local found = {quality = 0, specificity = 0}
    for entry in string_gmatch(accept, "[^,]+") do
        local range = read_range(entry)
        local specific = range == nil and 0 or specificity_of(range, format)
        if specific > found.specificity then
            found.specificity = specific
            found.quality = range.quality
        end
    end
    return found
end
--- The format for this Accept header. OpenMetrics if it has the higher quality, or the same quality but a more specific range; the text
-- format for all others. Phases: any.
local function choose(accept)
    if accept == nil or #accept > LONGEST then
        return text_format
    end
    local open = preference(accept, open_metrics)
    local text = preference(accept, text_format)
    if open.quality > text.quality then
        return open_metrics
    end
    local is_named = open.quality == text.quality and open.quality > 0 and open.specificity > text.specificity
    return is_named and open_metrics or text_format
end
____exports.choose = choose
return ____exports
