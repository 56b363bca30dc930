local ____exports = {}
local catalogues = require("resty.openclaw.core.metrics.metric_registry.catalogue")
local series_list = require("resty.openclaw.core.metrics.metric_registry.series_list")
local table_clear = require("table.clear")
local ESCAPED = {["\\n"] = "\n", ["\\\""] = "\"", ["\\\\"] = "\\"}
--- Undoes `metric_registry.label_text`. Phases: any.
function ____exports.read_labels(text)
    local labels = {}
    local at = 2
    while true do
        local ____, start, name = string.find(text, "^([%w_]+)=\"", at)
        if start == nil then
            return labels
        end
        local closing = start + 1
        while true do
            local found = string.find(text, "[\"\\]", closing)
            if found == nil then
                return labels
            end
            closing = found
            if string.byte(text, found) ~= string.byte("\\") then
                break
            end
            closing = closing + 2
        end
        labels[name] = (string.gsub(
            string.sub(text, start + 1, closing - 1),
            "\\.",
            ESCAPED
        ))
        at = closing + 2
    end
end
local MOST_KNOWN = 20000
local known_labels = {}
local known_count = 0
--- As `read_labels`, for those of a series: they are kept, so that reading them again is one look-up.
function ____exports.labels_of(text)
    local known = known_labels[text]
    if known ~= nil then
        return known
    end
    if known_count == MOST_KNOWN then
        table_clear(known_labels)
        known_count = 0
    end
    local labels = ____exports.read_labels(text)
    known_labels[text] = labels
    known_count = known_count + 1
    return labels
end
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
    for bound in string.gmatch(text, "[^,]+") do
        bounds[#bounds + 1] = tonumber(bound)
    end
    bounds_by_text[text] = bounds
    return bounds
end
--- The family in force under a name; nothing where nobody counts under it. Phases: any.
function ____exports.family(index, name)
    local shape = catalogues.in_force(index, name)
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
function ____exports.is_current(index, family, place)
    return series_list.is_current(family.series, place, index.registry.region.generations)
end
--- The labels of a series. Phases: any.
function ____exports.labels_at(family, place)
    return ____exports.labels_of(series_list.labels(family.series, place))
end
--- Adds the series that are new. Calls `yield_if_due` between small pieces of work.
function ____exports.refresh(index, yield_if_due)
    catalogues.refresh(index, yield_if_due)
end
--- The index of a registry's series. Phases: any.
function ____exports.of(registry)
    return catalogues.of(registry)
end
return ____exports
