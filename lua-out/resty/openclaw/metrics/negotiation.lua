local ____exports = {}
local open_metrics = require("resty.openclaw.metrics.open_metrics")
local text_format = require("resty.openclaw.metrics.text_format")
--- In bytes. Prometheus sends 300; of a longer header nothing is read.
local LONGEST = 1024
--- A number from 0 to 1; nothing for any other text.
local function read_quality(text)
    local digits = string.match(text, "^[01]%.?%d*$")
    local quality = tonumber(digits or "")
    return quality ~= nil and quality <= 1 and quality or nil
end
--- Nothing for an entry that is none.
local function read_range(entry)
    local media_type, parameters = string.match(entry, "^%s*([%w.+*-]+/[%w.+*-]+)%s*(.*)$")
    if media_type == nil then
        return nil
    end
    local quality = 1
    local version = ""
    for name, value in string.gmatch(parameters, ";%s*(%w+)%s*=%s*\"?([^\";%s]*)") do
        if string.lower(name) == "q" then
            quality = read_quality(value)
        end
        if string.lower(name) == "version" then
            version = value
        end
    end
    if quality == nil then
        return nil
    end
    return {
        media_type = string.lower(media_type),
        version = version,
        quality = quality
    }
end
--- How exactly a range means a format: 0 when it means something else.
local function exactness(range, format)
    if range.media_type == "*/*" then
        return 1
    end
    if range.media_type == (string.gsub(format.media_type, "/.*$", "/*")) then
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
--- What a header says of a format: what its most exact entry says.
local function liking(accept, format)
    local said = {quality = 0, exactness = 0}
    for entry in string.gmatch(accept, "[^,]+") do
        local range = read_range(entry)
        local exact = range == nil and 0 or exactness(range, format)
        if exact > said.exactness then
            said.exactness = exact
            said.quality = range.quality
        end
    end
    return said
end
--- The format for a client with this header Accept. OpenMetrics for one that would rather have it, or that names it where
-- it names the other by a wildcard only; the text format for all others, whatever they send. Phases: any.
function ____exports.choose(accept)
    if accept == nil or #accept > LONGEST then
        return text_format
    end
    local open = liking(accept, open_metrics)
    local text = liking(accept, text_format)
    if open.quality > text.quality then
        return open_metrics
    end
    local is_named = open.quality == text.quality and open.quality > 0 and open.exactness > text.exactness
    return is_named and open_metrics or text_format
end
return ____exports
