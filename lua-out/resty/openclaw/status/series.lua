local ____exports = {}
local tonumber = tonumber
local string_byte = string.byte
local string_find = string.find
local string_gmatch = string.gmatch
local string_gsub = string.gsub
local string_sub = string.sub
local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local catalogues_in_force = catalogues.in_force
local catalogues_of = catalogues.of
local catalogues_refresh = catalogues.refresh
local series_list = require("resty.openclaw.core.metrics.metric_registry.series_list")
local series_list_is_current = series_list.is_current
local series_list_labels = series_list.labels
local table_clear = require("table.clear")
local ESCAPED = {["\\n"] = "\n", ["\\\""] = "\"", ["\\\\"] = "\\"}
--- Undoes `metric_registry.label_text`. Phases: any.
local function read_labels(text)
    local labels = {}
    local at = 2
    while true do
        local ____, start, name = string_find(text, "^([%w_]+)=\"", at)
        if start == nil then
            return labels
        end
        local closing = start + 1
        while true do
            local found = string_find(text, "[\"\\]", closing)
            if found == nil then
                return labels
            end
            closing = found
            if string_byte(text, found) ~= string_byte("\\") then
                break
            end
            closing = closing + 2
        end
        labels[name] = (string_gsub(
            string_sub(text, start + 1, closing - 1),
            "\\.",
            ESCAPED
        ))
        at = closing + 2
    end
end
____exports.read_labels = read_labels
local MOST_KNOWN = 20000
local known_labels = {}
local known_count = 0
--- As `read_labels`, for those of a series: they are kept, so that reading them again is one look-up.
local function labels_of(text)
    local known = known_labels[text]
    if known ~= nil then
        return known
    end
    if known_count == MOST_KNOWN then
        table_clear(known_labels)
        known_count = 0
    end
    local labels = read_labels(text)
    known_labels[text] = labels
    known_count = known_count + 1
    return labels
end
____exports.labels_of = labels_of
local no_bounds = {}
local bounds_by_text = {}
local function bounds_of(text)
    if text == "" then
        return no_bounds
    end
    local known = bounds_by_text[text]
    if known ~= nil then
        return known
    end
    local bounds = {}
    for bound in string_gmatch(text, "[^,]+") do
        bounds[#bounds + 1] = tonumber(bound)
    end
    bounds_by_text[text] = bounds
    return bounds
end
--- The family in force under a name; nothing where nobody counts under it. Phases: any.
function ____exports.family(index, name)
    local shape = catalogues_in_force(index, name)
    if shape == nil then
        return nil
    end
    return {
        kind = shape.kind,
        bounds = bounds_of(shape.bounds_text),
        bounds_text = shape.bounds_text,
        series = shape.series
    }
end
--- Whether a series still has its slots: to be asked again after each yield. Phases: any.
local function is_current(index, family, place)
    return series_list_is_current(family.series, place, index.registry.region.generations)
end
____exports.is_current = is_current
--- The labels of a series. Phases: any.
local function labels_at(family, place)
    return labels_of(series_list_labels(family.series, place))
end
____exports.labels_at = labels_at
--- Adds the series that are new. Calls `yield_if_due` between small pieces of work.
local function refresh(index, yield_if_due)
    catalogues_refresh(index, yield_if_due)
end
____exports.refresh = refresh
--- The index of a registry's series. Phases: any.
local function of(registry)
    return catalogues_of(registry)
end
____exports.of = of
return ____exports
