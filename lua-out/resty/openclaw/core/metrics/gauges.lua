local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
--- Adds a family of gauges. `write` is called each time the page is read, and calls `sample` for each series. It may be paused in
-- `sample`, so it must not walk a table with `pairs` that others change meanwhile. What it raises is reported. Phases: init.
function ____exports.of(registry, name, help, label_names, write)
    metric_registry.collect(
        registry,
        {
            name = name,
            kind = "gauge",
            help = help,
            collect = function(emit)
                write(function(value, ...)
                    local label_values = {...}
                    return emit(
                        metric_registry.label_text(label_names, label_values),
                        value
                    )
                end)
            end
        }
    )
end
--- Adds an entry to those of a registry. The first one also calls `show`, which adds the families that have a sample for each entry.
-- Phases: init.
function ____exports.add(all, registry, entry, show)
    local known = all[registry]
    if known ~= nil then
        known[#known + 1] = entry
        return
    end
    local entries = {entry}
    all[registry] = entries
    show(registry, entries)
end
return ____exports
