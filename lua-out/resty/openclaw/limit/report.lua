local ____exports = {}
local ipairs = ipairs
local pairs = pairs
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_total = metric_handles.total
local function classes_of(by_class)
    local classes
    for name, rate in pairs(by_class) do
        classes = classes or ({})
        classes[name] = rate.text
    end
    return classes
end
local function report_of(limit)
    local ____limit_0 = limit
    local counters = ____limit_0.counters
    local ____opt_1 = limit.rate
    return {
        rate = ____opt_1 and ____opt_1.text,
        classes = classes_of(limit.by_class),
        dry_run = limit.is_dry_run,
        accepted = metric_handles_total(counters.ok),
        delayed = metric_handles_total(counters.delayed),
        refused = metric_handles_total(counters.refused),
        would_refuse = metric_handles_total(counters.dry_run),
        failed = metric_handles_total(counters.failed)
    }
end
--- Adds these limits. Phases: any but init.
local function add(document, limits)
    for ____, limit in ipairs(limits) do
        document[limit.name] = report_of(limit)
    end
end
____exports.add = add
return ____exports
