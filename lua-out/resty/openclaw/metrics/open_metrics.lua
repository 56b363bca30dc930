local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local string_gsub = string.gsub
local string_match = string.match
local string_sub = string.sub
local ____number_text = require("resty.openclaw.core.metrics.metric_registry.number_text")
local float_text = ____number_text.float_text
____exports.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8"
____exports.media_type = "application/openmetrics-text"
____exports.version = "1.0.0"
____exports.ending = "# EOF\n"
--- Units that stand at the end of the names of families.
local UNITS = {"seconds", "bytes"}
--- What a counter's family is called: by its name without `_total`. Nothing when it has no such name, or when the family
-- would take a name that another has: such a counter can only be shown as something of an unknown type.
local function counter_family(name, is_taken)
    local stem = string_match(name, "^(.+)_total$")
    if stem == nil or is_taken(stem) or is_taken(stem .. "_created") then
        return nil
    end
    return stem
end
local function unit_of(family)
    for ____, unit in ipairs(UNITS) do
        if string_sub(family, -#unit - 1) == "_" .. unit then
            return unit
        end
    end
    return nil
end
--- The lines TYPE, UNIT (where the name ends in one) and HELP. Phases: any.
local function head(text, name, kind, help, is_taken)
    local family = name
    if kind == "counter" then
        family = counter_family(name, is_taken)
    end
    local shown = family or name
    text:put(
        "# TYPE ",
        shown,
        " ",
        family == nil and "unknown" or kind,
        "\n"
    )
    local unit = unit_of(shown)
    if unit ~= nil then
        text:put(
            "# UNIT ",
            shown,
            " ",
            unit,
            "\n"
        )
    end
    local escaped = (string_gsub(help, "[\\\n\"]", {["\\"] = "\\\\", ["\n"] = "\\n", ["\""] = "\\\""}))
    text:put(
        "# HELP ",
        shown,
        " ",
        escaped,
        "\n"
    )
end
____exports.head = head
--- The bounds as floating-point numbers, which the format wants in this one place. Phases: any.
local function bounds(texts)
    local floats = {}
    for ____, text in ipairs(texts) do
        floats[#floats + 1] = float_text(tonumber(text))
    end
    return floats
end
____exports.bounds = bounds
return ____exports
