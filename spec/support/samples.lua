--- Reads single series of a registry.
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")

local _M = {}

--- The value of a family's series for a route and a method: a counter's, or one that is computed when the page is read.
function _M.value(registry, name, route, method)
    for _, collector in ipairs(registry.collectors) do
        local found
        if collector.name == name then
            local labels = metric_registry.label_text({ "route", "method" }, { route, method })
            collector.collect(function(text, value)
                if text == labels then found = value end
            end)
        end
        if found then return found end
    end
    local family = registry.families[name]
    return family and shared_memory.total(registry.region, family:labels(route, method).slot)
end

return _M
