local ____exports = {}
local metric_registry = require("resty.openclaw.metric_registry")
local shared_memory = require("resty.openclaw.shared_memory")
local REASONS = {
    "overflow",
    "invalid",
    "too_large",
    "refused",
    "gave_up",
    "exit"
}
local sums_by_registry = {}
local function collect(registry, name, help, slots)
    local function emit_totals(emit)
        for sink, slot in pairs(slots) do
            emit(
                metric_registry.label_text({"sink"}, {sink}),
                shared_memory.total(registry.region, slot)
            )
        end
    end
    metric_registry.collect(registry, {name = name, kind = "gauge", help = help, collect = emit_totals})
end
local function sums_of(registry)
    local known = sums_by_registry[registry]
    if known ~= nil then
        return known
    end
    local sums = {queued = {}, queued_bytes = {}}
    sums_by_registry[registry] = sums
    collect(registry, "openclaw_post_action_queued", "Entries that wait or are being sent, by sink.", sums.queued)
    collect(registry, "openclaw_post_action_queued_bytes", "Bytes of those entries, by sink.", sums.queued_bytes)
    return sums
end
local function transient_slot(registry, name)
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
    return sums_of(registry).queued[sink] ~= nil
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
    local sums = sums_of(registry)
    local queued_slot = transient_slot(registry, "post_action queued " .. sink)
    local queued_bytes_slot = transient_slot(registry, "post_action queued_bytes " .. sink)
    sums.queued[sink] = queued_slot
    sums.queued_bytes[sink] = queued_bytes_slot
    return {
        registry = registry,
        sent = sent:labels(sink),
        retries = retries:labels(sink),
        dropped = dropped,
        queued_slot = queued_slot,
        queued_bytes_slot = queued_bytes_slot
    }
end
____exports.new = create
--- Shows how much this worker's queue holds now. Phases: any.
function ____exports.show(figures, queue)
    local mine = figures.registry.region.mine
    mine[figures.queued_slot] = queue.entries + queue.flying_entries
    mine[figures.queued_bytes_slot] = queue.bytes + queue.flying_bytes
end
return ____exports
