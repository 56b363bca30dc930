local ____exports = {}
local metric_handles = require("resty.openclaw.core.metrics.metric_handles")
local metric_handles_add = metric_handles.add
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local counters = {}
--- Counts what is pushed out of the dict of that name from now on. Phases: init.
local function watch(dict, name, registry)
    local family = metric_registry_counter(registry, "openclaw_cache_pushed_out_total", "Writes into a full dict of answers, for which others were forgotten.", {"dict"})
    counters[dict] = family:labels(name)
end
____exports.watch = watch
local function count(dict)
    local counter = counters[dict]
    if counter ~= nil then
        metric_handles_add(counter)
    end
end
--- As `dict.set`; `seconds`: 0 for no end. False if there is no room all the same. Phases: any.
function ____exports.set(dict, key, value, seconds, flags)
    if flags == nil then
        flags = 0
    end
    local ok, ____, has_pushed = dict:set(key, value, seconds, flags)
    if has_pushed == true then
        count(dict)
    end
    return ok
end
--- As `dict.add`: false where there is a value, or no room; then the second value is "exists", or something else. Phases: any.
function ____exports.add(dict, key, value, seconds, flags)
    if flags == nil then
        flags = 0
    end
    local ok, err, has_pushed = dict:add(key, value, seconds, flags)
    if has_pushed == true then
        count(dict)
    end
    return ok, err
end
return ____exports
