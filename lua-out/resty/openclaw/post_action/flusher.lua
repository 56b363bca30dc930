local ____exports = {}
local math_huge = math.huge
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local ____delivery = require("resty.openclaw.post_action.delivery")
local send_batch = ____delivery.send_batch
local ____state = require("resty.openclaw.post_action.state")
local state_WATCH_SECONDS = ____state.WATCH_SECONDS
local count_losses = ____state.count_losses
local drop = ____state.drop
local is_exiting = ____state.is_exiting
local maintain = ____state.maintain
local show = ____state.show
local sleep = ____state.sleep
local wake = ____state.wake
local WATCH_SECONDS = state_WATCH_SECONDS
--- The thread moves to a fresh timer after so long, as nginx frees the memory that it has used only when its timer ends.
local RUN_SECONDS = 60
local RUN_BATCHES = 1000
--- A timer beyond `lua_max_running_timers` never runs, and no error is returned.
local START_SECONDS = 1
local WAKE_SECONDS = 0.001
--- How long to wait where no entry of the queue can be read now.
local UNAVAILABLE_SECONDS = 1
local function is_full(flusher)
    local queue = flusher.queue
    return queue.entries >= flusher.settings.batch_entries or queue.bytes >= flusher.settings.batch_bytes
end
--- Waits until a batch is due by its size or age, and takes it. False when there is none until then.
local function collect(flusher, ____until)
    local settings = flusher.settings
    local queue = flusher.queue
    if queue.entries == 0 then
        if not is_exiting(flusher) then
            sleep(
                flusher,
                1,
                1,
                ____until - clock_now()
            )
        end
        if queue.entries == 0 then
            return false
        end
        flusher.oldest_at = clock_now()
    end
    while not is_full(flusher) and not is_exiting(flusher) do
        local left = flusher.oldest_at + settings.batch_seconds - clock_now()
        if left <= 0 then
            break
        end
        sleep(flusher, settings.batch_entries, settings.batch_bytes, left)
    end
    flusher.oldest_at = clock_now()
    local text, entries, oldest_at = queue:take(settings.batch_entries, settings.batch_bytes)
    count_losses(flusher)
    if entries == 0 then
        show(flusher)
        if not is_exiting(flusher) then
            sleep(flusher, math_huge, math_huge, UNAVAILABLE_SECONDS)
        end
        return false
    end
    flusher.batch = {
        parts = {{text = text, entries = entries}},
        oldest_at = oldest_at,
        since = clock_now(),
        failed = false,
        splits = 0
    }
    return true
end
--- Gives up all entries when the time to drain is over.
local function abandon(flusher)
    drop(
        flusher,
        "exit",
        flusher.queue:clear(),
        "the worker exits"
    )
    count_losses(flusher)
    show(flusher)
end
local function work(flusher)
    local ____until = clock_now() + RUN_SECONDS
    local batches = 0
    while batches < RUN_BATCHES and clock_now() < ____until do
        if is_exiting(flusher) and clock_now() >= flusher.drain_until then
            return abandon(flusher)
        end
        maintain(flusher)
        if flusher.batch ~= nil or collect(flusher, ____until) then
            send_batch(flusher, flusher.batch)
            batches = batches + 1
        elseif is_exiting(flusher) then
            return abandon(flusher)
        end
    end
end
--- Whether the thread has work to do.
local function is_needed(flusher)
    if flusher.queue.entries > 0 or flusher.batch ~= nil then
        return true
    end
    return flusher.queue.is_durable and not is_exiting(flusher)
end
--- Creates the timer that calls `run`, unless one is pending.
local function start(flusher, run)
    local now = clock_now()
    if flusher.state == "starting" and now < flusher.started_at + START_SECONDS then
        return
    end
    local ok, err = ngx.timer.at(0, run, flusher)
    if not ok then
        flusher.faults:report(
            "timer",
            "sink ",
            flusher.settings.name,
            ": cannot start: ",
            err
        )
        return
    end
    flusher.state = "starting"
    flusher.started_at = now
    if flusher.queue.entries == 0 then
        flusher.oldest_at = now
    end
end
local function run(_premature, flusher)
    if flusher.state == "running" then
        return
    end
    flusher.state = "running"
    local ok = guard_call_for(
        flusher.faults,
        "flusher",
        "sink " .. flusher.settings.name,
        work,
        flusher
    )
    flusher.state = "idle"
    if ok and is_needed(flusher) then
        start(flusher, run)
    end
end
local function watch(premature, flusher)
    if premature then
        is_exiting(flusher)
        ngx.sleep(WAKE_SECONDS)
        wake(flusher)
    elseif flusher.state ~= "running" and is_needed(flusher) then
        start(flusher, run)
    end
end
--- Starts the thread unless it runs. Nil and why in phases without timers: init and exit_worker.
local function ensure_running(flusher)
    if flusher.state == "running" then
        return true
    end
    local phase = ngx.get_phase()
    if phase == "init" or phase == "exit_worker" then
        return nil, ("not possible in " .. phase) .. "_by_lua"
    end
    start(flusher, run)
    if not flusher.is_watched and not ngx.worker.exiting() then
        local ok, err = ngx.timer.every(WATCH_SECONDS, watch, flusher)
        flusher.is_watched = ok
        if not ok then
            flusher.faults:report(
                "timer",
                "sink ",
                flusher.settings.name,
                ": no watch: ",
                err
            )
        end
    end
    return true
end
____exports.ensure_running = ensure_running
--- To be called after each queued entry: wakes the thread where it waits for that.
local function entry_added(flusher)
    local queue = flusher.queue
    if queue.entries >= flusher.wake_entries or queue.bytes >= flusher.wake_bytes then
        wake(flusher)
    end
    if flusher.drain_until ~= nil then
        flusher.drain_until = clock_now() + flusher.settings.drain_seconds
    end
end
____exports.entry_added = entry_added
--- To be called when entries were dropped: sends a batch at once that only waits for more entries.
local function overflowed(flusher)
    if flusher.wake_entries <= flusher.settings.batch_entries then
        flusher.oldest_at = -math_huge
        wake(flusher)
    end
end
____exports.overflowed = overflowed
--- Gives up, counts and logs all entries that are left when the worker ends. Phases: exit_worker.
local function close(flusher)
    local ____flusher_0 = flusher
    local queue = ____flusher_0.queue
    local batch = ____flusher_0.batch
    flusher.batch = nil
    local lost = batch == nil and 0 or queue:give_back(batch.parts)
    drop(
        flusher,
        "exit",
        lost + queue:clear(),
        "the worker exits"
    )
    count_losses(flusher)
    show(flusher)
end
____exports.close = close
return ____exports
