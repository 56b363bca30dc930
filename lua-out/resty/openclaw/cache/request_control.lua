local ____exports = {}
local ipairs = ipairs
local string_lower = string.lower
local texts = require("resty.openclaw.core.text.text")
local texts_split = texts.split
local texts_trim = texts.trim
--- Longer headers are not looked at.
local MOST_BYTES = 1024
--- The wish in the value of the header. Phases: any.
local function read(header)
    if header == nil or #header > MOST_BYTES then
        return "any"
    end
    local wish = "any"
    for ____, part in ipairs(texts_split(
        string_lower(header),
        ","
    )) do
        local directive = texts_trim(part)
        if directive == "no-store" then
            return "none"
        end
        if directive == "no-cache" or directive == "max-age=0" then
            wish = "fresh"
        end
    end
    return wish
end
____exports.read = read
return ____exports
