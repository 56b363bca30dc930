local ____exports = {}
local error = error
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local semaphore = require("ngx.semaphore")
local semaphore_new = semaphore.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- Consecutive failures that open the circuit: from then on single entries are sent only, until one succeeds.
local FAILURES_TO_OPEN = 5
--- How often the watch timer looks for entries without a thread; also the longest sleep, in case there is no watch timer.
local WATCH_SECONDS = 5
____exports.WATCH_SECONDS = WATCH_SECONDS
--- Whether the worker exits. The first call that finds so sets the time until which the queue is drained. Phases: any.
local function is_exiting(flusher)
    if not ngx.worker.exiting() then
        return false
    end
    flusher.drain_until = flusher.drain_until or clock_now() + flusher.settings.drain_seconds
    return true
end
____exports.is_exiting = is_exiting
--- Whether the circuit is open, so that single entries are sent only. Phases: any.
local function is_open(flusher)
    return flusher.failures >= FAILURES_TO_OPEN
end
____exports.is_open = is_open
--- Updates the gauges of this worker: entries and bytes held, the age of the oldest, and the circuit. Phases: any.
local function show(flusher)
    local figures = flusher.figures
    local queue = flusher.queue
    local mine = figures.registry.region.mine
    mine[figures.queued_slot] = queue.entries + queue.entries_in_flight
    mine[figures.queued_bytes_slot] = queue.bytes + queue.bytes_in_flight
    local ____figures_oldest_slot_2 = figures.oldest_slot
    local ____opt_0 = flusher.batch
    mine[____figures_oldest_slot_2] = ____opt_0 and ____opt_0.oldest_at or queue:oldest_at() or 0
    mine[figures.circuit_slot] = is_open(flusher) and 1 or 0
end
____exports.show = show
--- Wakes the thread up. Phases: any.
local function wake(flusher)
    flusher.wake_entries = math_huge
    flusher.wake_bytes = math_huge
    flusher.semaphore:post(1)
end
____exports.wake = wake
--- Sleeps until the queue holds so many entries or bytes, the worker exits, or the time is over. Phases: timer.
local function sleep(flusher, entries, bytes, seconds)
    flusher.wake_entries = entries
    flusher.wake_bytes = bytes
    flusher.semaphore:wait(math_max(
        0.001,
        math_min(seconds, WATCH_SECONDS)
    ))
    flusher.wake_entries = math_huge
    flusher.wake_bytes = math_huge
end
____exports.sleep = sleep
--- Counts and logs entries that were dropped. Phases: any.
local function drop(flusher, reason, entries, why)
    if entries == 0 then
        return
    end
    flusher.figures.dropped[reason]:inc(entries)
    flusher.faults:report(
        reason,
        "sink ",
        flusher.settings.name,
        ": ",
        entries,
        " entries dropped: ",
        why
    )
end
____exports.drop = drop
--- Counts and logs entries that the queue has lost. Phases: any.
local function count_losses(flusher)
    local ____flusher_queue_3 = flusher.queue
    local broken = ____flusher_queue_3.broken
    local evicted = ____flusher_queue_3.evicted
    flusher.queue.broken = 0
    flusher.queue.evicted = 0
    drop(flusher, "broken", broken, "the spool is damaged")
    drop(flusher, "overflow", evicted, "the queue is full")
end
____exports.count_losses = count_losses
--- Runs the maintenance of the queue. Phases: timer.
function ____exports.maintain(flusher)
    flusher.queue:maintain()
    count_losses(flusher)
    show(flusher)
end
--- The state of a thread that is not started. Phases: init. Raises when there is no memory for a semaphore.
local function create(settings, queue, sink, dead_letter, figures, faults)
    local made, err = semaphore_new()
    if made == nil then
        error("post_action: no semaphore: " .. err, 0)
    end
    return {
        settings = settings,
        queue = queue,
        sink = sink,
        dead_letter = dead_letter,
        figures = figures,
        faults = faults,
        semaphore = made,
        state = "idle",
        started_at = 0,
        is_watched = false,
        wake_entries = math_huge,
        wake_bytes = math_huge,
        oldest_at = 0,
        failures = 0
    }
end
____exports.new = create
return ____exports
