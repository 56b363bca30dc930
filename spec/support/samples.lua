--- Reads single series of a registry.
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local _M = {}

--- The value of a family's series for a route: a counter's, or one that is computed when the page is read.
function _M.value(registry, name, route)
    for _, collector in ipairs(registry.collectors) do
        local found
        if collector.name == name then
            local labels = metric_registry.label_text({ "route" }, { route })
            collector.collect(function(text, value)
                if text == labels then found = value end
            end)
        end
        if found then return found end
    end
    local family = registry.families[name]
    return family and shared_memory.total(registry.region, family:labels(route).slot)
end

return _M
