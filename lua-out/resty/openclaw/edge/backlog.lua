local ____exports = {}
local math_max = math.max
local math_min = math.min
local backoff = require("resty.openclaw.core.time.backoff")
local backoff_jittered = backoff.jittered
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local schedules = require("resty.openclaw.edge.schedule")
local schedules_add = schedules.add
local schedules_drop_first = schedules.drop_first
local schedules_first = schedules.first
local schedules_take = schedules.take
local ids = require("resty.openclaw.edge.store.id")
local ids_time_of = ids.time_of
--- What may begin at once after a pause: so many seconds' worth, and at least one delivery.
local BURST_SECONDS = 0.2
--- An empty backlog, of which `rate` deliveries per second may begin. Phases: any.
local function create(rate)
    return {
        bytes = {},
        attempts = {},
        unanswered = {},
        ready = {},
        postponed = {},
        ages = {},
        sending = {},
        sending_count = 0,
        rate = rate,
        allowance = 1,
        allowed_at = clock_now(),
        failures = 0,
        paused_until = nil
    }
end
____exports.new = create
--- Adds a job, unless it is known. Phases: any.
local function add(backlog, id, bytes)
    if backlog.bytes[id] ~= nil then
        return
    end
    backlog.bytes[id] = bytes
    schedules_add(
        backlog.ready,
        id,
        ids_time_of(id)
    )
    schedules_add(
        backlog.ages,
        id,
        ids_time_of(id)
    )
end
____exports.add = add
--- A job's bytes on the disk; nothing when it is not known. Phases: any.
local function bytes_of(backlog, id)
    return backlog.bytes[id]
end
____exports.bytes_of = bytes_of
--- Moves the jobs whose time has come back to those that may be next.
local function wake(backlog)
    local now = clock_now()
    local id = schedules_take(backlog.postponed, now)
    while id ~= nil do
        schedules_add(
            backlog.ready,
            id,
            ids_time_of(id)
        )
        id = schedules_take(backlog.postponed, now)
    end
end
--- Whether some job is ready to be sent. Phases: any.
local function has_ready(backlog)
    wake(backlog)
    local id = schedules_first(backlog.ready)
    while id ~= nil and (not (backlog.bytes[id] ~= nil) or backlog.sending[id] ~= nil) do
        schedules_drop_first(backlog.ready)
        id = schedules_first(backlog.ready)
    end
    return id ~= nil
end
____exports.has_ready = has_ready
--- The oldest job of all, and when it was made; nothing when there is none. Phases: any.
local function oldest(backlog)
    local id, made = schedules_first(backlog.ages)
    while id ~= nil and not (backlog.bytes[id] ~= nil) do
        schedules_drop_first(backlog.ages)
        id, made = schedules_first(backlog.ages)
    end
    return id, made
end
____exports.oldest = oldest
--- Corrects when the oldest job was made, as the clock has been changed since. Phases: any.
local function correct_oldest(backlog, made)
    local id = oldest(backlog)
    if id == nil then
        return
    end
    schedules_drop_first(backlog.ages)
    schedules_add(backlog.ages, id, made)
end
____exports.correct_oldest = correct_oldest
--- Whether a job is being sent. Phases: any.
local function is_sending(backlog, id)
    return backlog.sending[id] ~= nil
end
____exports.is_sending = is_sending
--- Number of jobs that are being sent. Phases: any.
local function sending_count(backlog)
    return backlog.sending_count
end
____exports.sending_count = sending_count
--- Lets the number of deliveries that may begin grow with the time. Phases: any.
local function grow_allowance(backlog)
    local now = clock_now()
    local grown = backlog.allowance + (now - backlog.allowed_at) * backlog.rate
    backlog.allowance = math_min(
        grown,
        math_max(1, backlog.rate * BURST_SECONDS)
    )
    backlog.allowed_at = now
end
____exports.grow_allowance = grow_allowance
--- Whether the rate lets a delivery begin, and none must be waited for. Phases: any.
local function may_begin(backlog)
    if backlog.allowance < 1 then
        return false
    end
    return backlog.paused_until == nil or clock_now() >= backlog.paused_until
end
____exports.may_begin = may_begin
--- Takes out the oldest job that is ready, as it is being sent now; nothing when there is none. Phases: any.
local function begin(backlog)
    if not has_ready(backlog) then
        return nil
    end
    local id = schedules_first(backlog.ready)
    schedules_drop_first(backlog.ready)
    backlog.sending[id] = true
    backlog.sending_count = backlog.sending_count + 1
    backlog.allowance = backlog.allowance - 1
    return id
end
____exports.begin = begin
local function done_sending(backlog, id)
    if not (backlog.sending[id] ~= nil) then
        return
    end
    backlog.sending[id] = nil
    backlog.sending_count = backlog.sending_count - 1
end
--- A job was not sent: it is ready again at once. Phases: any.
local function retry_now(backlog, id)
    done_sending(backlog, id)
    schedules_add(
        backlog.ready,
        id,
        ids_time_of(id)
    )
end
____exports.retry_now = retry_now
--- A job is ready again after so many seconds. Phases: any.
local function retry_later(backlog, id, seconds)
    done_sending(backlog, id)
    schedules_add(
        backlog.postponed,
        id,
        clock_now() + seconds
    )
end
____exports.retry_later = retry_later
--- A job is gone. Phases: any.
local function forget(backlog, id)
    done_sending(backlog, id)
    backlog.bytes[id] = nil
    backlog.attempts[id] = nil
    backlog.unanswered[id] = nil
end
____exports.forget = forget
--- Counts an attempt, and returns the number of attempts. Phases: any.
local function count_attempt(backlog, id)
    local attempts = (backlog.attempts[id] or 0) + 1
    backlog.attempts[id] = attempts
    return attempts
end
____exports.count_attempt = count_attempt
--- Whether a job was noted before that reached the other end and got no response. Phases: any.
local function was_unanswered(backlog, id)
    return backlog.unanswered[id] ~= nil
end
____exports.was_unanswered = was_unanswered
--- Notes that a job reached the other end and got no response, and returns how often it is to blame for that. `is_to_blame`:
-- whether it is this time. Phases: any.
local function note_unanswered(backlog, id, is_to_blame)
    local count = (backlog.unanswered[id] or 0) + (is_to_blame and 1 or 0)
    backlog.unanswered[id] = count
    return count
end
____exports.note_unanswered = note_unanswered
--- A delivery did not get through: all wait, with each in a row for longer, up to so many seconds. Phases: any.
local function pause(backlog, most_seconds)
    backlog.failures = backlog.failures + 1
    backlog.paused_until = clock_now() + backoff_jittered(backlog.failures, most_seconds)
end
____exports.pause = pause
--- A delivery got through: the next pause is short again. Phases: any.
local function note_success(backlog)
    backlog.failures = 0
end
____exports.note_success = note_success
return ____exports
