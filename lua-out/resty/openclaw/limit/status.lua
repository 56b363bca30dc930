local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_total = metric_handles.total
local changes = require("resty.openclaw.limit.changes")
local changes_is_changed = changes.is_changed
local changes_present = changes.present
local function text_of(rate)
    return rate and changes_present(rate).text
end
local function classes_of(by_class)
    local classes
    for name, rate in pairs(by_class) do
        classes = classes or ({})
        classes[name] = changes_present(rate).text
    end
    return classes
end
local function is_changed(____bindingPattern0)
    local by_class
    local rate
    rate = ____bindingPattern0.rate
    by_class = ____bindingPattern0.by_class
    if rate ~= nil and changes_is_changed(rate) then
        return true
    end
    for ____, its in pairs(by_class) do
        if changes_is_changed(its) then
            return true
        end
    end
    return false
end
local function status_of(limit)
    local ____limit_0 = limit
    local counters = ____limit_0.counters
    return {
        rate = text_of(limit.rate),
        classes = classes_of(limit.by_class),
        changed = is_changed(limit),
        dry_run = limit.is_dry_run,
        accepted = metric_handles_total(counters.ok),
        delayed = metric_handles_total(counters.delayed),
        refused = metric_handles_total(counters.refused),
        would_refuse = metric_handles_total(counters.dry_run),
        failed = metric_handles_total(counters.failed)
    }
end
--- The limits by their names. Phases: any but init.
local function document(limits)
    local found = {}
    for ____, limit in ipairs(limits) do
        found[limit.name] = status_of(limit)
    end
    return found
end
____exports.document = document
return ____exports
