local ____exports = {}
local noise = require("resty.openclaw.noise")
local figures_of = require("resty.openclaw.post_action.figures")
local lines = require("resty.openclaw.post_action.queue")
local ____state = require("resty.openclaw.post_action.state")
local drop = ____state.drop
local is_exiting = ____state.is_exiting
local sleep = ____state.sleep
--- Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
local FIRST_BACKOFF_SECONDS = 0.1
local MOST_BACKOFF_SECONDS = 30
--- At exit: no more than half of what is left, so that the last tries come close to the end.
local MOST_BACKOFF_SECONDS_AT_EXIT = 0.5
local LEAST_BACKOFF_SECONDS_AT_EXIT = 0.02
--- The longest wait before the next try, in seconds.
local function most_backoff(flusher)
    if not is_exiting(flusher) then
        return MOST_BACKOFF_SECONDS
    end
    local half = (flusher.drain_until - ngx.now()) / 2
    return math.max(
        LEAST_BACKOFF_SECONDS_AT_EXIT,
        math.min(half, MOST_BACKOFF_SECONDS_AT_EXIT)
    )
end
--- Seconds to wait before the next try.
local function backoff(flusher, batch, retry_after_seconds)
    local most = most_backoff(flusher)
    local ceiling = math.min(
        most,
        FIRST_BACKOFF_SECONDS * math.pow(2, batch.failures - 1)
    )
    return math.max(
        noise.share() * ceiling,
        math.min(retry_after_seconds, most)
    )
end
--- When the last try of a batch is due.
local function end_of(flusher, batch)
    local ____end = batch.since + flusher.settings.retry_seconds
    return is_exiting(flusher) and math.min(____end, flusher.drain_until) or ____end
end
--- Waits before the next try; a worker that begins to exit waits no longer.
local function pause(flusher, batch, retry_after_seconds)
    local was_exiting = is_exiting(flusher)
    local ____until = math.min(
        ngx.now() + backoff(flusher, batch, retry_after_seconds),
        end_of(flusher, batch)
    )
    local left = ____until - ngx.now()
    repeat
        do
            sleep(flusher, math.huge, math.huge, left)
            left = ____until - ngx.now()
        end
    until not (left > 0 and is_exiting(flusher) == was_exiting)
end
local function attempt(sink, batch, most_seconds)
    return sink:send(batch.text, batch.entries, most_seconds)
end
--- `pcall`, as the compiler cannot know what a function with several results returns through it.
local guarded = pcall
--- Sends a batch until it has arrived or is given up; says why it was dropped, or nothing.
local function deliver(flusher, batch)
    local why = "no time is left"
    while true do
        local left = is_exiting(flusher) and flusher.drain_until - ngx.now() or math.huge
        if left <= 0 then
            return "exit", why
        end
        if batch.failures > 0 then
            flusher.figures.retries:inc()
        end
        local ok, verdict, err, retry_after = guarded(attempt, flusher.sink, batch, left)
        if ok and verdict == "sent" then
            return
        end
        why = ok and tostring(err) or "the sink raised: " .. tostring(verdict)
        if ok and verdict == "poison" then
            return "refused", why
        end
        batch.failures = batch.failures + 1
        if ngx.now() >= end_of(flusher, batch) then
            return is_exiting(flusher) and "exit" or "gave_up", why
        end
        flusher.faults:report(
            "retry",
            "sink ",
            flusher.settings.name,
            ": ",
            why
        )
        local ____pause_3 = pause
        local ____flusher_1 = flusher
        local ____batch_2 = batch
        local ____ok_0
        if ok then
            ____ok_0 = retry_after
        else
            ____ok_0 = nil
        end
        ____pause_3(____flusher_1, ____batch_2, ____ok_0 or 0)
    end
end
--- Sends the batch in flight and books what became of it. Phases: timer.
function ____exports.fly(flusher, batch)
    local reason, why = deliver(flusher, batch)
    if reason == nil then
        flusher.figures.sent:inc(batch.entries)
    else
        drop(flusher, reason, batch.entries, why)
    end
    flusher.batch = nil
    lines.settle(flusher.queue)
    figures_of.show(flusher.figures, flusher.queue)
end
return ____exports
