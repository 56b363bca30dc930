local ____exports = {}
local tostring = tostring
local math_floor = math.floor
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local string_sub = string.sub
local table_remove = table.remove
local guard = require("resty.openclaw.core.metrics.guard")
local guard_protected_call = guard.protected_call
local backoffs = require("resty.openclaw.core.time.backoff")
local backoffs_jittered = backoffs.jittered
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local lines = require("resty.openclaw.post_action.lines")
local lines_end_of = lines.end_of
local ____state = require("resty.openclaw.post_action.state")
local drop = ____state.drop
local is_exiting = ____state.is_exiting
local is_open = ____state.is_open
local maintain = ____state.maintain
local show = ____state.show
local sleep = ____state.sleep
local MOST_BACKOFF_SECONDS = 30
--- At exit: at most half of the time left, so that the last attempts come close to the end.
local MOST_BACKOFF_SECONDS_AT_EXIT = 0.5
local LEAST_BACKOFF_SECONDS_AT_EXIT = 0.02
--- One bad entry of 500 is found by nine splits, four are found by 32 at most. Each split costs two more requests.
local MOST_SPLITS = 32
--- The longest wait before the next attempt, in seconds.
local function most_backoff(flusher)
    if not is_exiting(flusher) then
        return MOST_BACKOFF_SECONDS
    end
    local half = (flusher.drain_until - clock_now()) / 2
    return (math_max(
        LEAST_BACKOFF_SECONDS_AT_EXIT,
        math_min(half, MOST_BACKOFF_SECONDS_AT_EXIT)
    ))
end
--- Seconds to wait before the next attempt.
local function backoff(flusher, retry_after_seconds)
    local most = most_backoff(flusher)
    return (math_max(
        backoffs_jittered(flusher.failures, most),
        math_min(retry_after_seconds, most)
    ))
end
--- Seconds until the last attempt of a batch is due. A queue on disk never gives up before the worker exits.
local function seconds_left(flusher, batch)
    local now = clock_now()
    local left = flusher.queue.is_durable and math_huge or batch.since + flusher.settings.retry_seconds - now
    return is_exiting(flusher) and math_min(left, flusher.drain_until - now) or left
end
--- Waits before the next attempt; ends at once when the worker begins to exit.
local function pause(flusher, batch, retry_after_seconds)
    local was_exiting = is_exiting(flusher)
    local seconds = math_min(
        backoff(flusher, retry_after_seconds),
        seconds_left(flusher, batch)
    )
    local ____until = clock_now() + seconds
    local left = ____until - clock_now()
    repeat
        do
            sleep(flusher, math_huge, math_huge, left)
            maintain(flusher)
            left = ____until - clock_now()
        end
    until not (left > 0 and is_exiting(flusher) == was_exiting)
end
--- Splits the next part in two: its first lines, which are sent first, and the others.
local function split(batch, first_entries)
    local part = table_remove(batch.parts)
    local ____end = lines_end_of(part.text, first_entries)
    local ____batch_parts_0 = batch.parts
    ____batch_parts_0[#____batch_parts_0 + 1] = {
        text = string_sub(part.text, ____end + 1),
        entries = part.entries - first_entries
    }
    local ____batch_parts_1 = batch.parts
    ____batch_parts_1[#____batch_parts_1 + 1] = {
        text = string_sub(part.text, 1, ____end),
        entries = first_entries
    }
end
--- The part to send next: a single entry while the circuit is open.
local function next_part(flusher, batch)
    local next = batch.parts[#batch.parts]
    if next.entries == 1 or not is_open(flusher) then
        return next
    end
    split(batch, 1)
    return batch.parts[#batch.parts]
end
--- Removes the next part, which is settled.
local function settle(flusher, batch)
    local part = table_remove(batch.parts)
    flusher.queue:done(part.entries, #part.text)
    show(flusher)
end
--- The same, except for the entries of it that are left, which become the next part.
local function settle_except(flusher, batch, left)
    settle(flusher, batch)
    local ____batch_parts_2 = batch.parts
    ____batch_parts_2[#____batch_parts_2 + 1] = left
    flusher.queue:done(-left.entries, -#left.text)
    show(flusher)
end
--- Writes a part to the dead-letter file, if there is one.
local function write_dead_letter(flusher, part)
    if flusher.dead_letter == nil then
        return
    end
    local verdict, err = flusher.dead_letter:send(part.text, part.entries, math_huge)
    if verdict == "sent" then
        flusher.figures.dead_lettered:inc(part.entries)
    else
        flusher.faults:report(
            "dead_letter",
            "sink ",
            flusher.settings.name,
            ": ",
            err
        )
    end
end
--- Writes the rest of a batch that is given up to the dead-letter file, unless the queue keeps it on disk.
local function write_all_dead_letters(flusher, batch)
    if flusher.queue.is_durable then
        return
    end
    for index = #batch.parts - 1, 0, -1 do
        write_dead_letter(flusher, batch.parts[index + 1])
    end
end
--- Writes a refused part to the dead-letter file, if there is one, and drops it.
local function refuse(flusher, part, why)
    write_dead_letter(flusher, part)
    drop(flusher, "refused", part.entries, why)
end
--- Gives a batch up: drops the rest of it, unless the queue keeps it on disk for another worker.
local function abandon(flusher, batch, reason, why)
    drop(
        flusher,
        reason,
        flusher.queue:give_back(batch.parts),
        why
    )
    while #batch.parts > 0 do
        table_remove(batch.parts)
    end
    if flusher.queue.is_durable then
        flusher.drain_until = clock_now()
    end
end
--- Whether a batch whose attempt has just failed is given up.
local function is_over(flusher, batch)
    return seconds_left(flusher, batch) <= 0 or flusher.queue.is_durable and is_exiting(flusher)
end
local function attempt(sink, part, most_seconds)
    return sink:send(part.text, part.entries, most_seconds)
end
--- Counts a part that was accepted, except for the entries that were refused.
local function answered(flusher, batch, part, refused, why)
    flusher.failures = 0
    batch.failed = false
    flusher.figures.sent:inc(part.entries - (refused and refused.entries or 0))
    if refused ~= nil then
        refuse(flusher, refused, why)
    end
    settle(flusher, batch)
end
--- Sends the next part. Returns the error where it is to be retried.
local function try_part(flusher, batch, most_seconds)
    local part = next_part(flusher, batch)
    if batch.failed then
        flusher.figures.retries:inc()
    end
    local ok, verdict, err, retry_after, concerned, given_cause = guard_protected_call(attempt, flusher.sink, part, most_seconds)
    if flusher.batch ~= batch then
        return
    end
    local why = ok and tostring(err) or "the sink raised: " .. tostring(verdict)
    if ok and verdict == "sent" then
        answered(
            flusher,
            batch,
            part,
            nil,
            why
        )
    elseif ok and verdict == "split" and part.entries > 1 and batch.splits < MOST_SPLITS then
        flusher.failures = 0
        batch.failed = false
        batch.splits = batch.splits + 1
        split(
            batch,
            math_floor(part.entries / 2)
        )
    elseif ok and verdict ~= "retry" then
        answered(
            flusher,
            batch,
            part,
            concerned or part,
            why
        )
    else
        if ok and concerned ~= nil then
            flusher.figures.sent:inc(part.entries - concerned.entries)
            settle_except(flusher, batch, concerned)
        end
        local ____ok_5
        if ok then
            ____ok_5 = given_cause
        else
            ____ok_5 = nil
        end
        local cause = ____ok_5 or "unreachable"
        flusher.figures.failures[cause]:inc()
        local ____ok_6
        if ok then
            ____ok_6 = retry_after
        else
            ____ok_6 = nil
        end
        return why, ____ok_6, cause
    end
    return
end
--- Sends the batch in flight until it is delivered or given up. Phases: timer.
local function send_batch(flusher, batch)
    local last_why = "no time is left"
    while #batch.parts > 0 and flusher.batch == batch do
        local left = is_exiting(flusher) and flusher.drain_until - clock_now() or math_huge
        if left <= 0 then
            abandon(flusher, batch, "exit", last_why)
            break
        end
        local why, retry_after, cause = try_part(flusher, batch, left)
        if why ~= nil then
            last_why = why
            batch.failed = true
            flusher.failures = flusher.failures + 1
            show(flusher)
            if is_over(flusher, batch) then
                if cause == "credentials" or cause == "misdirected" then
                    write_all_dead_letters(flusher, batch)
                end
                abandon(
                    flusher,
                    batch,
                    is_exiting(flusher) and "exit" or "gave_up",
                    why
                )
            else
                flusher.faults:report(
                    "retry",
                    "sink ",
                    flusher.settings.name,
                    ": ",
                    why
                )
                pause(flusher, batch, retry_after or 0)
            end
        end
    end
    if flusher.batch == batch then
        flusher.queue:settle()
        flusher.batch = nil
    end
    show(flusher)
end
____exports.send_batch = send_batch
return ____exports
