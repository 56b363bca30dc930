local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_usage = shared_memory.usage
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local rows_LASTING = rows.LASTING
local rows_TRANSIENT = rows.TRANSIENT
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_of = gauges.of
local room = require("resty.openclaw.core.metrics.metric_registry.room")
local room_usage = room.usage
local ____version = require("resty.openclaw.core.process.version")
local version_VERSION = ____version.VERSION
local VERSION = version_VERSION
local request = require("resty.openclaw.core.request.request")
local request_variable = request.variable
local CONNECTIONS = "openclaw_connections"
--- Those of ngx_http_stub_status_module, which has `$connections_active` and its like; not every nginx has it.
local STATES = {"active", "reading", "writing", "waiting"}
--- The variables can only be read in a request.
local function connections(sample)
    for ____, state in ipairs(STATES) do
        local count = tonumber(request_variable("connections_" .. state))
        if count ~= nil then
            sample(count, state)
        end
    end
end
local function sample_slots(registry, area, space, sample)
    local used, free = shared_memory_usage(registry.region, space)
    sample(used, area, "used")
    sample(free, area, "free")
end
local function show_slots(registry)
    local help = "Numbers that the shared memory has room for, those with a name and those free: area series for counts, nodes for " .. "what lives as long as a node or a worker."
    gauges_of(
        registry,
        "openclaw_shared_memory_slots",
        help,
        {"area", "state"},
        function(sample)
            sample_slots(registry, "series", rows_LASTING, sample)
            sample_slots(registry, "nodes", rows_TRANSIENT, sample)
        end
    )
end
local function show_bytes(registry)
    local help = "Bytes of the lua_shared_dict that holds the names of series, nodes and more: in use, and in free pages."
    gauges_of(
        registry,
        "openclaw_shared_memory_bytes",
        help,
        {"state"},
        function(sample)
            local used, free = room_usage(registry)
            if used == nil then
                return
            end
            sample(used, "used")
            sample(free, "free")
        end
    )
end
local function is_shown(registry)
    for ____, collector in ipairs(registry.collectors) do
        if collector.name == CONNECTIONS then
            return true
        end
    end
    return false
end
--- Adds these gauges to a registry, once. Phases: init.
local function show_all(registry)
    if is_shown(registry) then
        return
    end
    local connections_help = "Connections of clients, by what nginx does with them."
    gauges_of(
        registry,
        CONNECTIONS,
        connections_help,
        {"state"},
        connections
    )
    gauges_of(
        registry,
        "openclaw_build_info",
        "1; the label says which version runs.",
        {"version"},
        function(sample)
            sample(1, VERSION)
        end
    )
    gauges_of(
        registry,
        "openclaw_workers",
        "Workers that the configuration asks for.",
        {},
        function(sample)
            sample(ngx.worker.count())
        end
    )
    show_slots(registry)
    show_bytes(registry)
end
____exports.show_all = show_all
return ____exports
