local ____exports = {}
local semaphore = require("ngx.semaphore")
--- How often to see whether entries wait without a thread; also the longest sleep, should no watch be possible.
____exports.WATCH_SECONDS = 5
--- Whether the worker exits; from the first time on, the draining has an end. Phases: any.
function ____exports.is_exiting(flusher)
    if not ngx.worker.exiting() then
        return false
    end
    flusher.drain_until = flusher.drain_until or ngx.now() + flusher.settings.drain_seconds
    return true
end
--- Ends the thread's sleep. Phases: any.
function ____exports.wake(flusher)
    flusher.wake_entries = math.huge
    flusher.wake_bytes = math.huge
    flusher.semaphore:post(1)
end
--- Sleeps until the queue holds so much, or the worker exits, or the time is over. Phases: timer.
function ____exports.sleep(flusher, entries, bytes, seconds)
    flusher.wake_entries = entries
    flusher.wake_bytes = bytes
    flusher.semaphore:wait(math.max(
        0.001,
        math.min(seconds, ____exports.WATCH_SECONDS)
    ))
    flusher.wake_entries = math.huge
    flusher.wake_bytes = math.huge
end
--- Counts and logs entries that will not be delivered. Phases: any.
function ____exports.drop(flusher, reason, entries, why)
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
--- The state of a thread that is not started yet. Phases: init. Raises when there is no memory for a semaphore.
local function create(settings, queue, sink, figures, faults)
    local made, err = semaphore.new()
    if made == nil then
        error("post_action: no semaphore: " .. err, 0)
    end
    return {
        settings = settings,
        queue = queue,
        sink = sink,
        figures = figures,
        faults = faults,
        semaphore = made,
        state = "idle",
        started_at = 0,
        is_watched = false,
        wake_entries = math.huge,
        wake_bytes = math.huge,
        oldest_at = 0
    }
end
____exports.new = create
return ____exports
