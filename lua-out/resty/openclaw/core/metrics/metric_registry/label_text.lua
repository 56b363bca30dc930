local ____exports = {}
local utf8 = require("resty.openclaw.core.text.utf8")
--- What a label value is cut to.
____exports.LABEL_BYTES = 128
--- A label value as it is kept: at most 128 bytes of valid UTF-8.
local function fitted(value)
    local clean = utf8.clean(string.sub(value, 1, ____exports.LABEL_BYTES + 4))
    return (string.gsub(
        utf8.cut(clean, ____exports.LABEL_BYTES),
        "%z",
        "?"
    ))
end
--- A label value as it stands between the quotes. Phases: any.
function ____exports.escaped(value)
    return (string.gsub(
        fitted(value),
        "[\\\n\"]",
        {["\\"] = "\\\\", ["\n"] = "\\n", ["\""] = "\\\""}
    ))
end
--- Whether all values are kept as they are.
function ____exports.are_fitted(values)
    for ____, value in ipairs(values) do
        if fitted(value) ~= value then
            return false
        end
    end
    return true
end
--- Labels as the exposition format writes them: `{name="value",…}`, or nothing without labels. Values are cut to 128
-- bytes and made valid UTF-8.
function ____exports.label_text(names, values)
    if #names == 0 then
        return ""
    end
    local parts = {}
    for index = 1, #names do
        parts[#parts + 1] = ((tostring(names[index]) .. "=\"") .. ____exports.escaped(tostring(values[index]))) .. "\""
    end
    return ("{" .. table.concat(parts, ",")) .. "}"
end
local QUOTE = 34
local BACKSLASH = 92
--- Where the value that begins there ends: at its closing quote, or behind the text.
local function end_of_value(text, begin)
    local at = begin
    while at <= #text do
        local byte = string.byte(text, at)
        if byte == QUOTE then
            return at
        end
        at = at + (byte == BACKSLASH and 2 or 1)
    end
    return at
end
--- Visits the labels that `label_text` wrote: their names, and their values as they stand there. Phases: any.
function ____exports.each(text, visit)
    local at = 2
    while true do
        local found = string.find(text, "=\"", at, true)
        if found == nil then
            return
        end
        local ____end = end_of_value(text, found + 2)
        visit(
            string.sub(text, at, found - 1),
            string.sub(text, found + 2, ____end - 1)
        )
        at = ____end + 2
    end
end
--- Whether a string may be the name of a label. `le` and names with `__` in front are reserved by Prometheus.
function ____exports.is_label_name(name)
    local legal = string.find(name, "^[%a_][%w_]*$")
    local reserved = string.find(name, "^__")
    return legal ~= nil and reserved == nil and name ~= "le"
end
--- Whether a string may be the name of a metric.
function ____exports.is_metric_name(name)
    local legal = string.find(name, "^[%a_:][%w_:]*$")
    return legal ~= nil
end
return ____exports
