local ____exports = {}
local ipairs = ipairs
local tostring = tostring
local string_byte = string.byte
local string_find = string.find
local string_gsub = string.gsub
local string_sub = string.sub
local table_concat = table.concat
local utf8 = require("resty.openclaw.core.text.utf8")
local utf8_clean = utf8.clean
local utf8_cut = utf8.cut
--- What a label value is cut to.
local LABEL_BYTES = 128
____exports.LABEL_BYTES = LABEL_BYTES
--- A label value as it is kept: at most 128 bytes of valid UTF-8.
local function fitted(value)
    local clean = utf8_clean(string_sub(value, 1, LABEL_BYTES + 4))
    return (string_gsub(
        utf8_cut(clean, LABEL_BYTES),
        "%z",
        "?"
    ))
end
--- A label value as it stands between the quotes. Phases: any.
local function escaped(value)
    return (string_gsub(
        fitted(value),
        "[\\\n\"]",
        {["\\"] = "\\\\", ["\n"] = "\\n", ["\""] = "\\\""}
    ))
end
____exports.escaped = escaped
--- Whether all values are kept as they are.
local function are_fitted(values)
    for ____, value in ipairs(values) do
        if fitted(value) ~= value then
            return false
        end
    end
    return true
end
____exports.are_fitted = are_fitted
--- Labels as the exposition format writes them: `{name="value",…}`, or nothing without labels. Values are cut to 128
-- bytes and made valid UTF-8.
local function label_text(names, values)
    if #names == 0 then
        return ""
    end
    local parts = {}
    for index = 1, #names do
        parts[#parts + 1] = ((tostring(names[index]) .. "=\"") .. escaped(tostring(values[index]))) .. "\""
    end
    return ("{" .. table_concat(parts, ",")) .. "}"
end
____exports.label_text = label_text
local QUOTE = 34
local BACKSLASH = 92
--- Where the value that begins there ends: at its closing quote, or behind the text.
local function end_of_value(text, begin)
    local at = begin
    while at <= #text do
        local byte = string_byte(text, at)
        if byte == QUOTE then
            return at
        end
        at = at + (byte == BACKSLASH and 2 or 1)
    end
    return at
end
--- Visits the labels that `label_text` wrote: their names, and their values as they stand there. Phases: any.
local function each(text, visit)
    local at = 2
    while true do
        local found = string_find(text, "=\"", at, true)
        if found == nil then
            return
        end
        local ____end = end_of_value(text, found + 2)
        visit(
            string_sub(text, at, found - 1),
            string_sub(text, found + 2, ____end - 1)
        )
        at = ____end + 2
    end
end
____exports.each = each
--- Whether a string may be the name of a label. `le` and names with `__` in front are reserved by Prometheus.
local function is_label_name(name)
    local legal = string_find(name, "^[%a_][%w_]*$")
    local reserved = string_find(name, "^__")
    return legal ~= nil and reserved == nil and name ~= "le"
end
____exports.is_label_name = is_label_name
--- Whether a string may be the name of a metric.
local function is_metric_name(name)
    local legal = string_find(name, "^[%a_:][%w_:]*$")
    return legal ~= nil
end
____exports.is_metric_name = is_metric_name
return ____exports
