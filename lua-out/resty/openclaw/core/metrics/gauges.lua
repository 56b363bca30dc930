local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_collect = metric_registry.collect
local metric_registry_label_text = metric_registry.label_text
--- Adds a family of gauges. `write` is called each time the page is read, and calls `sample` for each series. It may be paused in
-- `sample`, so it must not walk a table with `pairs` that others change meanwhile. What it raises is reported. Phases: init.
local function of(registry, name, help, label_names, write)
    metric_registry_collect(
        registry,
        {
            name = name,
            kind = "gauge",
            help = help,
            collect = function(emit)
                write(function(value, ...)
                    local label_values = {...}
                    return emit(
                        metric_registry_label_text(label_names, label_values),
                        value
                    )
                end)
            end
        }
    )
end
____exports.of = of
--- Adds an entry to those of a registry. The first one also calls `show`, which adds the families that have a sample for each entry.
-- Phases: init.
local function add(all, registry, entry, show)
    local known = all[registry]
    if known ~= nil then
        known[#known + 1] = entry
        return
    end
    local entries = {entry}
    all[registry] = entries
    show(registry, entries)
end
____exports.add = add
return ____exports
