local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local room = require("resty.openclaw.core.metrics.metric_registry.room")
local request = require("resty.openclaw.core.request.request")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local rows = require("resty.openclaw.core.memory.shared_memory.rows")
local ____version = require("resty.openclaw.core.process.version")
local VERSION = ____version.VERSION
local CONNECTIONS = "openclaw_connections"
--- Those of ngx_http_stub_status_module, which has `$connections_active` and its like; not every nginx has it.
local STATES = {"active", "reading", "writing", "waiting"}
local function show(registry, name, help, collect)
    metric_registry.collect(registry, {name = name, kind = "gauge", help = help, collect = collect})
end
--- The variables can only be read in a request.
local function connections(emit)
    for ____, state in ipairs(STATES) do
        local count = tonumber(request.variable("connections_" .. state))
        if count ~= nil then
            emit(
                metric_registry.label_text({"state"}, {state}),
                count
            )
        end
    end
end
local function emit_slots(registry, area, space, emit)
    local used, free = shared_memory.usage(registry.region, space)
    emit(
        metric_registry.label_text({"area", "state"}, {area, "used"}),
        used
    )
    emit(
        metric_registry.label_text({"area", "state"}, {area, "free"}),
        free
    )
end
local function show_slots(registry)
    local help = "Numbers that the shared memory has room for, those with a name and those free: area series for counts, nodes for " .. "what lives as long as a node or a worker."
    show(
        registry,
        "openclaw_shared_memory_slots",
        help,
        function(emit)
            emit_slots(registry, "series", rows.LASTING, emit)
            emit_slots(registry, "nodes", rows.TRANSIENT, emit)
        end
    )
end
local function show_bytes(registry)
    local help = "Bytes of the lua_shared_dict that holds the names of series, nodes and more: in use, and in free pages."
    show(
        registry,
        "openclaw_shared_memory_bytes",
        help,
        function(emit)
            local used, free = room.usage(registry)
            if used == nil then
                return
            end
            emit(
                metric_registry.label_text({"state"}, {"used"}),
                used
            )
            emit(
                metric_registry.label_text({"state"}, {"free"}),
                free
            )
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
--- Adds these figures to a registry, once. Phases: init.
function ____exports.show_all(registry)
    if is_shown(registry) then
        return
    end
    show(registry, CONNECTIONS, "Connections of clients, by what nginx does with them.", connections)
    show(
        registry,
        "openclaw_build_info",
        "1; the label says which version runs.",
        function(emit)
            emit(
                metric_registry.label_text({"version"}, {VERSION}),
                1
            )
        end
    )
    show(
        registry,
        "openclaw_workers",
        "Workers that the configuration asks for.",
        function(emit)
            emit(
                "",
                ngx.worker.count()
            )
        end
    )
    show_slots(registry)
    show_bytes(registry)
end
return ____exports
