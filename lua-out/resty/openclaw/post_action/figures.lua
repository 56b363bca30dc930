local ____exports = {}
local ipairs = ipairs
local math_max = math.max
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_LOST_SLOT = shared_memory.LOST_SLOT
local shared_memory_least = shared_memory.least
local shared_memory_total = shared_memory.total
local shared_memory_transient_slot = shared_memory.transient_slot
local gauges = require("resty.openclaw.core.metrics.gauges")
local gauges_add = gauges.add
local gauges_of = gauges.of
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local metric_registry_counter = metric_registry.counter
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- Why an attempt failed that is repeated.
local CAUSES = {"unreachable", "busy", "credentials", "misdirected"}
local REASONS = {
    "overflow",
    "invalid",
    "too_large",
    "refused",
    "gave_up",
    "exit",
    "broken"
}
local slots = {}
local spool_slots = {}
local function age(registry, slot)
    local since = shared_memory_least(registry.region, slot)
    return since == 0 and 0 or math_max(
        0,
        clock_now() - since
    )
end
--- Adds the gauges of queues.
local function show_queues(registry, all)
    local function total(slot)
        return shared_memory_total(registry.region, slot)
    end
    local queued_help = "Entries that wait or are being sent, by sink."
    gauges_of(
        registry,
        "openclaw_post_action_queued",
        queued_help,
        {"sink"},
        function(sample)
            for ____, ____value in ipairs(all) do
                local sink = ____value.sink
                local queued = ____value.queued
                sample(
                    total(queued),
                    sink
                )
            end
        end
    )
    local bytes_help = "Bytes of those entries, by sink."
    gauges_of(
        registry,
        "openclaw_post_action_queued_bytes",
        bytes_help,
        {"sink"},
        function(sample)
            for ____, ____value in ipairs(all) do
                local sink = ____value.sink
                local queued_bytes = ____value.queued_bytes
                sample(
                    total(queued_bytes),
                    sink
                )
            end
        end
    )
    local oldest_help = "How long the oldest of those entries has been held, by sink."
    gauges_of(
        registry,
        "openclaw_post_action_oldest_seconds",
        oldest_help,
        {"sink"},
        function(sample)
            for ____, ____value in ipairs(all) do
                local sink = ____value.sink
                local oldest = ____value.oldest
                sample(
                    age(registry, oldest),
                    sink
                )
            end
        end
    )
    local circuit_help = "Workers that only try single entries, as the sink keeps failing, by sink."
    gauges_of(
        registry,
        "openclaw_post_action_circuit_open",
        circuit_help,
        {"sink"},
        function(sample)
            for ____, ____value in ipairs(all) do
                local sink = ____value.sink
                local circuit = ____value.circuit
                sample(
                    total(circuit),
                    sink
                )
            end
        end
    )
end
--- Adds the gauge of queues on disk.
local function show_spools(registry, all)
    local help = "Bytes of the files in which entries are kept, by sink."
    gauges_of(
        registry,
        "openclaw_post_action_spool_bytes",
        help,
        {"sink"},
        function(sample)
            for ____, ____value in ipairs(all) do
                local sink = ____value.sink
                local bytes = ____value.bytes
                sample(
                    shared_memory_total(registry.region, bytes),
                    sink
                )
            end
        end
    )
end
--- The slot in which each worker writes its part of a gauge; it falls to zero when the worker ends. Phases: init.
local function transient_slot(registry, name)
    local slot, err = shared_memory_transient_slot(registry.region, name)
    if slot ~= nil then
        return slot
    end
    ngx.log(
        ngx.ERR,
        "post_action: ",
        name,
        " is not shown: ",
        err
    )
    return shared_memory_LOST_SLOT
end
____exports.transient_slot = transient_slot
--- Whether the registry has a sink of this name already.
local function is_taken(registry, sink)
    for ____, other in ipairs(slots[registry] or ({})) do
        if other.sink == sink then
            return true
        end
    end
    return false
end
____exports.is_taken = is_taken
--- The counters and slots of one sink. Phases: init.
local function create(registry, sink)
    local sent = metric_registry_counter(registry, "openclaw_post_action_sent_total", "Entries delivered to the sink.", {"sink"})
    local retries = metric_registry_counter(registry, "openclaw_post_action_retries_total", "Batches sent once more after a failure.", {"sink"})
    local dropped_family = metric_registry_counter(registry, "openclaw_post_action_dropped_total", "Entries that were not delivered, by reason.", {"sink", "reason"})
    local dropped = {}
    for ____, reason in ipairs(REASONS) do
        dropped[reason] = dropped_family:labels(sink, reason)
    end
    local failures_family = metric_registry_counter(registry, "openclaw_post_action_failures_total", "Failed attempts that are repeated, by reason.", {"sink", "reason"})
    local failures = {}
    for ____, cause in ipairs(CAUSES) do
        failures[cause] = failures_family:labels(sink, cause)
    end
    local dead_lettered = metric_registry_counter(registry, "openclaw_post_action_dead_lettered_total", "Refused entries that were kept in the dead-letter file.", {"sink"})
    local queued_slot = transient_slot(registry, "post_action queued " .. sink)
    local queued_bytes_slot = transient_slot(registry, "post_action queued_bytes " .. sink)
    local oldest_slot = transient_slot(registry, "post_action oldest " .. sink)
    local circuit_slot = transient_slot(registry, "post_action circuit " .. sink)
    local its_slots = {
        sink = sink,
        queued = queued_slot,
        queued_bytes = queued_bytes_slot,
        oldest = oldest_slot,
        circuit = circuit_slot
    }
    gauges_add(slots, registry, its_slots, show_queues)
    return {
        registry = registry,
        sent = sent:labels(sink),
        retries = retries:labels(sink),
        failures = failures,
        dropped = dropped,
        dead_lettered = dead_lettered:labels(sink),
        queued_slot = queued_slot,
        queued_bytes_slot = queued_bytes_slot,
        oldest_slot = oldest_slot,
        circuit_slot = circuit_slot
    }
end
____exports.new = create
--- The further counters and slot of a queue on disk. Phases: init.
local function of_spool(registry, sink)
    local spilled = metric_registry_counter(registry, "openclaw_post_action_spilled_total", "Entries written to disk before they were sent.", {"sink"})
    local failures = metric_registry_counter(registry, "openclaw_post_action_spool_failures_total", "Entries that could not be written to disk, and were kept in memory.", {"sink"})
    local bytes_slot = transient_slot(registry, "post_action spool_bytes " .. sink)
    gauges_add(spool_slots, registry, {sink = sink, bytes = bytes_slot}, show_spools)
    return {
        registry = registry,
        spilled = spilled:labels(sink),
        failures = failures:labels(sink),
        bytes_slot = bytes_slot
    }
end
____exports.of_spool = of_spool
return ____exports
