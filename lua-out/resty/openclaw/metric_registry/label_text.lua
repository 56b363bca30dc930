local ____exports = {}
local utf8 = require("resty.openclaw.utf8")
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
local function escaped(value)
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
        parts[#parts + 1] = ((tostring(names[index]) .. "=\"") .. escaped(tostring(values[index]))) .. "\""
    end
    return ("{" .. table.concat(parts, ",")) .. "}"
end
--- Whether a word may be the name of a label. `le` is the bound of a histogram's bucket, `__` Prometheus' own.
function ____exports.is_label_name(name)
    local legal = string.find(name, "^[%a_][%w_]*$")
    local reserved = string.find(name, "^__")
    return legal ~= nil and reserved == nil and name ~= "le"
end
--- Whether a word may be the name of a metric.
function ____exports.is_metric_name(name)
    local legal = string.find(name, "^[%a_:][%w_:]*$")
    return legal ~= nil
end
return ____exports
