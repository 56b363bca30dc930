local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shown_by_registry = {}
--- Upstreams may share a name; it is shown once.
local function emit_names(shown, emitted, emit)
    for ____, ____value in ipairs(shown.names) do
        local text = ____value.text
        if not (emitted[text] ~= nil) then
            emitted[text] = true
            local ____emit_3 = emit
            local ____metric_registry_label_text_result_2 = metric_registry.label_text({"name"}, {text})
            local ____opt_0 = shown:addresses(text)
            ____emit_3(____metric_registry_label_text_result_2, ____opt_0 and #____opt_0 or 0)
        end
    end
end
--- Shows the names of an upstream. Phases: init.
function ____exports.show(registry, shown)
    local others = shown_by_registry[registry]
    if others ~= nil then
        others[#others + 1] = shown
        return
    end
    local all = {shown}
    shown_by_registry[registry] = all
    metric_registry.collect(
        registry,
        {
            name = "openclaw_dns_addresses",
            kind = "gauge",
            help = "Addresses that a name of nodes stands for, as the last answer had them; 0 before the first one.",
            collect = function(emit)
                local emitted = {}
                for ____, one in ipairs(all) do
                    emit_names(one, emitted, emit)
                end
            end
        }
    )
end
return ____exports
