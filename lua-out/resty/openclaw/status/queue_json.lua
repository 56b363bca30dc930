local ____exports = {}
local ipairs = ipairs
local names = require("resty.openclaw.config.names")
local names_sorted = names.sorted
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_usage = shared_memory.usage
local room = require("resty.openclaw.core.metrics.metric_registry.room")
local room_usage = room.usage
local ____shapes = require("resty.openclaw.core.text.json.shapes")
local exact = ____shapes.exact
local list_of = ____shapes.list_of
local map_of = ____shapes.map_of
local name = ____shapes.name
local object = ____shapes.object
local sorted_entries = ____shapes.sorted_entries
local windows = require("resty.openclaw.status.window")
local windows_collected = windows.collected
local windows_each = windows.each
local windows_exists = windows.exists
local QUEUE = object()(
    {"queued", exact},
    {"queued_bytes", exact},
    {"spool_bytes", exact},
    {"sent", exact},
    {"retries", exact},
    {
        "dropped",
        map_of(exact)
    }
)
--- How queues are written.
local QUEUES = map_of(QUEUE)
____exports.QUEUES = QUEUES
--- How faults are written.
local FAULTS = list_of(object()({"plugin", name}, {"kind", name}, {"count", exact}))
____exports.FAULTS = FAULTS
--- How `metrics` is written.
local METRICS = object()({"dropped_labels", exact}, {"lost_series", exact}, {"misuse", exact}, {"expired_series", exact})
____exports.METRICS = METRICS
local USAGE = object()({"used", exact}, {"free", exact})
--- How `memory` is written.
local MEMORY = object()({"slots", USAGE}, {"bytes", USAGE})
____exports.MEMORY = MEMORY
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
    windows_collected(
        window,
        "openclaw_post_action_queued",
        function(labels, value)
            queue_of(queues, labels.sink or "").queued = value
        end
    )
    windows_collected(
        window,
        "openclaw_post_action_queued_bytes",
        function(labels, value)
            queue_of(queues, labels.sink or "").queued_bytes = value
        end
    )
    windows_collected(
        window,
        "openclaw_post_action_spool_bytes",
        function(labels, value)
            queue_of(queues, labels.sink or "").spool_bytes = value
        end
    )
    windows_each(
        window,
        "openclaw_post_action_sent_total",
        function(labels, total)
            queue_of(queues, labels.sink or "").sent = total
        end
    )
    windows_each(
        window,
        "openclaw_post_action_retries_total",
        function(labels, total)
            queue_of(queues, labels.sink or "").retries = total
        end
    )
    windows_each(
        window,
        "openclaw_post_action_dropped_total",
        function(labels, total)
            queue_of(queues, labels.sink or "").dropped[labels.reason or ""] = total
        end
    )
    return queues
end
local function shown(queue)
    return {
        queued = queue.queued,
        queued_bytes = queue.queued_bytes,
        spool_bytes = queue.spool_bytes,
        sent = queue.sent,
        retries = queue.retries,
        dropped = sorted_entries(
            queue.dropped,
            function(count) return count end
        )
    }
end
--- The queues by sink. Phases: those in which the window may yield.
function ____exports.queues(window)
    return sorted_entries(
        gather(window),
        shown
    )
end
--- The faults, sorted by plugin and kind. Else as `queues`.
local function faults(window)
    local found = {}
    windows_each(
        window,
        "openclaw_faults_total",
        function(labels, total)
            local plugin = labels.plugin or ""
            local kind = labels.kind or ""
            found[(plugin .. "\0") .. kind] = {plugin = plugin, kind = kind, count = total}
        end
    )
    return function(put)
        for ____, key in ipairs(names_sorted(found)) do
            put(found[key])
        end
    end
end
____exports.faults = faults
local function sum(window, metric)
    local all = windows_exists(window, metric) and 0 or nil
    windows_each(
        window,
        metric,
        function(_, total)
            all = (all or 0) + total
        end
    )
    return all
end
--- What the metrics lost. Else as `queues`.
local function metrics(window)
    return {
        dropped_labels = sum(window, "openclaw_metrics_dropped_labels_total"),
        lost_series = sum(window, "openclaw_metrics_lost_series_total"),
        misuse = sum(window, "openclaw_metrics_misuse_total"),
        expired_series = sum(window, "openclaw_metrics_expired_series_total")
    }
end
____exports.metrics = metrics
local function usage(used, free)
    local ____temp_0
    if used == nil then
        ____temp_0 = nil
    else
        ____temp_0 = {used = used, free = free}
    end
    return ____temp_0
end
--- The slots of shared memory and the bytes of its dict, in use and free. Phases: any.
local function memory(window)
    local ____window_history_1 = window.history
    local registry = ____window_history_1.registry
    local used_slots, free_slots = shared_memory_usage(registry.region)
    local used_bytes, free_bytes = room_usage(registry)
    return {
        slots = usage(used_slots, free_slots),
        bytes = usage(used_bytes, free_bytes)
    }
end
____exports.memory = memory
return ____exports
