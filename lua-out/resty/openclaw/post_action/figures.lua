local ____exports = {}
local metric_registry = require("resty.openclaw.core.metrics.metric_registry")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local clock = require("resty.openclaw.core.time.clock")
--- Why a try has failed that is made again.
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
local slots_by_registry = {}
local function total(registry, slot)
    return shared_memory.total(registry.region, slot)
end
local function age(registry, slot)
    local since = shared_memory.least(registry.region, slot)
    return since == 0 and 0 or math.max(
        0,
        clock.now() - since
    )
end
local function collect(registry, name, help, slots, reading)
    local function emit_all(emit)
        for sink, slot in pairs(slots) do
            emit(
                metric_registry.label_text({"sink"}, {sink}),
                reading(registry, slot)
            )
        end
    end
    metric_registry.collect(registry, {name = name, kind = "gauge", help = help, collect = emit_all})
end
local function slots_of(registry)
    local known = slots_by_registry[registry]
    if known ~= nil then
        return known
    end
    local slots = {
        queued = {},
        queued_bytes = {},
        oldest = {},
        circuit = {},
        spool_bytes = {}
    }
    slots_by_registry[registry] = slots
    local queued_help = "Entries that wait or are being sent, by sink."
    collect(
        registry,
        "openclaw_post_action_queued",
        queued_help,
        slots.queued,
        total
    )
    local bytes_help = "Bytes of those entries, by sink."
    collect(
        registry,
        "openclaw_post_action_queued_bytes",
        bytes_help,
        slots.queued_bytes,
        total
    )
    local oldest_help = "How long the oldest of those entries has been held, by sink."
    collect(
        registry,
        "openclaw_post_action_oldest_seconds",
        oldest_help,
        slots.oldest,
        age
    )
    local circuit_help = "Workers that only try single entries, as the sink keeps failing, by sink."
    collect(
        registry,
        "openclaw_post_action_circuit_open",
        circuit_help,
        slots.circuit,
        total
    )
    local spool_help = "Bytes of the files in which entries are kept, by sink."
    collect(
        registry,
        "openclaw_post_action_spool_bytes",
        spool_help,
        slots.spool_bytes,
        total
    )
    return slots
end
--- Where each worker shows its part of a gauge, which falls to zero with it. Phases: init.
function ____exports.transient_slot(registry, name)
    local slot, err = shared_memory.transient_slot(registry.region, name)
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
    return shared_memory.LOST_SLOT
end
--- Whether a sink of this name counts here already.
function ____exports.is_taken(registry, sink)
    return slots_of(registry).queued[sink] ~= nil
end
--- The figures of one sink, all bound. Phases: init.
local function create(registry, sink)
    local sent = metric_registry.counter(registry, "openclaw_post_action_sent_total", "Entries that a sink has taken.", {"sink"})
    local retries = metric_registry.counter(registry, "openclaw_post_action_retries_total", "Batches sent once more after a failure.", {"sink"})
    local dropped_family = metric_registry.counter(registry, "openclaw_post_action_dropped_total", "Entries that were not delivered, by reason.", {"sink", "reason"})
    local dropped = {}
    for ____, reason in ipairs(REASONS) do
        dropped[reason] = dropped_family:labels(sink, reason)
    end
    local failures_family = metric_registry.counter(registry, "openclaw_post_action_failures_total", "Tries that a sink has not taken, and that are made again, by reason.", {"sink", "reason"})
    local failures = {}
    for ____, cause in ipairs(CAUSES) do
        failures[cause] = failures_family:labels(sink, cause)
    end
    local dead_lettered = metric_registry.counter(registry, "openclaw_post_action_dead_lettered_total", "Refused entries that were kept in the dead-letter file.", {"sink"})
    local slots = slots_of(registry)
    local queued_slot = ____exports.transient_slot(registry, "post_action queued " .. sink)
    local queued_bytes_slot = ____exports.transient_slot(registry, "post_action queued_bytes " .. sink)
    local oldest_slot = ____exports.transient_slot(registry, "post_action oldest " .. sink)
    local circuit_slot = ____exports.transient_slot(registry, "post_action circuit " .. sink)
    slots.queued[sink] = queued_slot
    slots.queued_bytes[sink] = queued_bytes_slot
    slots.oldest[sink] = oldest_slot
    slots.circuit[sink] = circuit_slot
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
--- What a queue on disk counts, all bound. Phases: init.
function ____exports.of_spool(registry, sink)
    local spilled = metric_registry.counter(registry, "openclaw_post_action_spilled_total", "Entries written to disk before they were sent.", {"sink"})
    local failures = metric_registry.counter(registry, "openclaw_post_action_spool_failures_total", "Entries that could not be written to disk, and were kept in memory.", {"sink"})
    local bytes_slot = ____exports.transient_slot(registry, "post_action spool_bytes " .. sink)
    slots_of(registry).spool_bytes[sink] = bytes_slot
    return {
        registry = registry,
        spilled = spilled:labels(sink),
        failures = failures:labels(sink),
        bytes_slot = bytes_slot
    }
end
return ____exports
