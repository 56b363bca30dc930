local ____exports = {}
local json = require("resty.openclaw.core.text.json")
local room = require("resty.openclaw.core.metrics.metric_registry.room")
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local numbers = require("resty.openclaw.status.number")
local ____output = require("resty.openclaw.status.output")
local sorted = ____output.sorted
local windows = require("resty.openclaw.status.window")
local function queue_of(queues, sink)
    local known = queues[sink]
    if known ~= nil then
        return known
    end
    local made = {dropped = {}}
    queues[sink] = made
    return made
end
local function gather(window)
    local queues = {}
    windows.collected(
        window,
        "openclaw_post_action_queued",
        function(labels, value)
            queue_of(queues, labels.sink or "").queued = value
        end
    )
    windows.collected(
        window,
        "openclaw_post_action_queued_bytes",
        function(labels, value)
            queue_of(queues, labels.sink or "").queued_bytes = value
        end
    )
    windows.collected(
        window,
        "openclaw_post_action_spool_bytes",
        function(labels, value)
            queue_of(queues, labels.sink or "").spool_bytes = value
        end
    )
    windows.each(
        window,
        "openclaw_post_action_sent_total",
        function(labels, total)
            queue_of(queues, labels.sink or "").sent = total
        end
    )
    windows.each(
        window,
        "openclaw_post_action_retries_total",
        function(labels, total)
            queue_of(queues, labels.sink or "").retries = total
        end
    )
    windows.each(
        window,
        "openclaw_post_action_dropped_total",
        function(labels, total)
            queue_of(queues, labels.sink or "").dropped[labels.reason or ""] = total
        end
    )
    return queues
end
local function queue_text(queue)
    local dropped = {}
    for ____, reason in ipairs(sorted(queue.dropped)) do
        dropped[#dropped + 1] = (json.short_text(reason) .. ":") .. numbers.exact(queue.dropped[reason])
    end
    return string.format(
        "{\"queued\":%s,\"queued_bytes\":%s,\"spool_bytes\":%s,\"sent\":%s,\"retries\":%s,\"dropped\":{%s}}",
        numbers.exact(queue.queued),
        numbers.exact(queue.queued_bytes),
        numbers.exact(queue.spool_bytes),
        numbers.exact(queue.sent),
        numbers.exact(queue.retries),
        table.concat(dropped, ",")
    )
end
--- The queues by sink. Phases: those in which the window may pause.
function ____exports.queues(window)
    local found = gather(window)
    local fields = {}
    for ____, sink in ipairs(sorted(found)) do
        fields[#fields + 1] = (json.short_text(sink) .. ":") .. queue_text(found[sink])
    end
    return ("{" .. table.concat(fields, ",")) .. "}"
end
--- The faults, by plugin and kind. Else as `queues`.
function ____exports.faults(window)
    local found = {}
    windows.each(
        window,
        "openclaw_faults_total",
        function(labels, total)
            local plugin = labels.plugin or ""
            local kind = labels.kind or ""
            local named = (("{\"plugin\":" .. json.short_text(plugin)) .. ",\"kind\":") .. json.short_text(kind)
            found[(plugin .. "\0") .. kind] = ((named .. ",\"count\":") .. numbers.exact(total)) .. "}"
        end
    )
    local entries = {}
    for ____, key in ipairs(sorted(found)) do
        entries[#entries + 1] = found[key]
    end
    return ("[" .. table.concat(entries, ",")) .. "]"
end
local function sum(window, name)
    local all = windows.exists(window, name) and 0 or nil
    windows.each(
        window,
        name,
        function(_, total)
            all = (all or 0) + total
        end
    )
    return numbers.exact(all)
end
--- What the metrics themselves lost. Else as `queues`.
function ____exports.metrics(window)
    return string.format(
        "{\"dropped_labels\":%s,\"lost_series\":%s,\"misuse\":%s,\"expired_series\":%s}",
        sum(window, "openclaw_metrics_dropped_labels_total"),
        sum(window, "openclaw_metrics_lost_series_total"),
        sum(window, "openclaw_metrics_misuse_total"),
        sum(window, "openclaw_metrics_expired_series_total")
    )
end
local function usage_text(used, free)
    return used == nil and "null" or string.format(
        "{\"used\":%s,\"free\":%s}",
        numbers.exact(used),
        numbers.exact(free)
    )
end
--- The slots of shared memory and the bytes of its dict, in use and free. Phases: any.
function ____exports.memory(window)
    local ____window_history_0 = window.history
    local registry = ____window_history_0.registry
    local used_slots, free_slots = shared_memory.usage(registry.region)
    local used_bytes, free_bytes = room.usage(registry)
    return ((("{\"slots\":" .. usage_text(used_slots, free_slots)) .. ",\"bytes\":") .. usage_text(used_bytes, free_bytes)) .. "}"
end
return ____exports
