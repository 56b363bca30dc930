local ____exports = {}
local ipairs = ipairs
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local shown_by_registry = {}
--- Upstreams may share a name; it is shown once.
local function sample_names(shown, sampled, sample)
    for ____, ____value in ipairs(shown.names) do
        local text = ____value.text
        if not (sampled[text] ~= nil) then
            sampled[text] = true
            local ____sample_2 = sample
            local ____opt_0 = shown:addresses(text)
            ____sample_2(____opt_0 and #____opt_0 or 0, text)
        end
    end
end
local function show_names(registry, all)
    local help = "Addresses that a name of nodes stands for, as the last answer had them; 0 before the first one."
    gauges_of(
        registry,
        "openclaw_dns_addresses",
        help,
        {"name"},
        function(sample)
            local sampled = {}
            for ____, one in ipairs(all) do
                sample_names(one, sampled, sample)
            end
        end
    )
end
--- Shows the names of an upstream. Phases: init.
local function show(registry, shown)
    gauges_add(shown_by_registry, registry, shown, show_names)
end
____exports.show = show
return ____exports
