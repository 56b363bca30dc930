local ____exports = {}
local backoff = require("resty.openclaw.core.time.backoff")
local clock = require("resty.openclaw.core.time.clock")
local schedules = require("resty.openclaw.edge.schedule")
local ids = require("resty.openclaw.edge.store.id")
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
        allowed_at = clock.now(),
        failures = 0,
        paused_until = nil
    }
end
____exports.new = create
--- Adds a job, unless it is known. Phases: any.
function ____exports.add(backlog, id, bytes)
    if backlog.bytes[id] ~= nil then
        return
    end
    backlog.bytes[id] = bytes
    schedules.add(
        backlog.ready,
        id,
        ids.time_of(id)
    )
    schedules.add(
        backlog.ages,
        id,
        ids.time_of(id)
    )
end
--- A job's bytes on the disk; nothing when it is not known. Phases: any.
function ____exports.bytes_of(backlog, id)
    return backlog.bytes[id]
end
--- Moves the jobs whose time has come back to those that may be next.
local function wake(backlog)
    local now = clock.now()
    local id = schedules.take(backlog.postponed, now)
    while id ~= nil do
        schedules.add(
            backlog.ready,
            id,
            ids.time_of(id)
        )
        id = schedules.take(backlog.postponed, now)
    end
end
--- Whether some job is ready to be sent. Phases: any.
function ____exports.has_ready(backlog)
    wake(backlog)
    local id = schedules.first(backlog.ready)
    while id ~= nil and (not (backlog.bytes[id] ~= nil) or backlog.sending[id] ~= nil) do
        schedules.drop_first(backlog.ready)
        id = schedules.first(backlog.ready)
    end
    return id ~= nil
end
--- The oldest job of all, and when it was made; nothing when there is none. Phases: any.
function ____exports.oldest(backlog)
    local id, made = schedules.first(backlog.ages)
    while id ~= nil and not (backlog.bytes[id] ~= nil) do
        schedules.drop_first(backlog.ages)
        id, made = schedules.first(backlog.ages)
    end
    return id, made
end
--- Corrects when the oldest job was made, as the clock has been changed since. Phases: any.
function ____exports.correct_oldest(backlog, made)
    local id = ____exports.oldest(backlog)
    if id == nil then
        return
    end
    schedules.drop_first(backlog.ages)
    schedules.add(backlog.ages, id, made)
end
--- Whether a job is being sent. Phases: any.
function ____exports.is_sending(backlog, id)
    return backlog.sending[id] ~= nil
end
--- Number of jobs that are being sent. Phases: any.
function ____exports.sending_count(backlog)
    return backlog.sending_count
end
--- Lets the number of deliveries that may begin grow with the time. Phases: any.
function ____exports.grow_allowance(backlog)
    local now = clock.now()
    local grown = backlog.allowance + (now - backlog.allowed_at) * backlog.rate
    backlog.allowance = math.min(
        grown,
        math.max(1, backlog.rate * BURST_SECONDS)
    )
    backlog.allowed_at = now
end
--- Whether the rate lets a delivery begin, and none must be waited for. Phases: any.
function ____exports.may_begin(backlog)
    if backlog.allowance < 1 then
        return false
    end
    return backlog.paused_until == nil or clock.now() >= backlog.paused_until
end
--- Takes out the oldest job that is ready, as it is being sent now; nothing when there is none. Phases: any.
function ____exports.begin(backlog)
    if not ____exports.has_ready(backlog) then
        return nil
    end
    local id = schedules.first(backlog.ready)
    schedules.drop_first(backlog.ready)
    backlog.sending[id] = true
    backlog.sending_count = backlog.sending_count + 1
    backlog.allowance = backlog.allowance - 1
    return id
end
local function done_sending(backlog, id)
    if not (backlog.sending[id] ~= nil) then
        return
    end
    backlog.sending[id] = nil
    backlog.sending_count = backlog.sending_count - 1
end
--- A job was not sent: it is ready again at once. Phases: any.
function ____exports.retry_now(backlog, id)
    done_sending(backlog, id)
    schedules.add(
        backlog.ready,
        id,
        ids.time_of(id)
    )
end
--- A job is ready again after so many seconds. Phases: any.
function ____exports.retry_later(backlog, id, seconds)
    done_sending(backlog, id)
    schedules.add(
        backlog.postponed,
        id,
        clock.now() + seconds
    )
end
--- A job is gone. Phases: any.
function ____exports.forget(backlog, id)
    done_sending(backlog, id)
    backlog.bytes[id] = nil
    backlog.attempts[id] = nil
    backlog.unanswered[id] = nil
end
--- Counts an attempt, and returns the number of attempts. Phases: any.
function ____exports.count_attempt(backlog, id)
    local attempts = (backlog.attempts[id] or 0) + 1
    backlog.attempts[id] = attempts
    return attempts
end
--- Whether a job was noted before that reached the other end and got no response. Phases: any.
function ____exports.was_unanswered(backlog, id)
    return backlog.unanswered[id] ~= nil
end
--- Notes that a job reached the other end and got no response, and returns how often it is to blame for that. `is_to_blame`:
-- whether it is this time. Phases: any.
function ____exports.note_unanswered(backlog, id, is_to_blame)
    local count = (backlog.unanswered[id] or 0) + (is_to_blame and 1 or 0)
    backlog.unanswered[id] = count
    return count
end
--- A delivery did not get through: all wait, with each in a row for longer, up to so many seconds. Phases: any.
function ____exports.pause(backlog, most_seconds)
    backlog.failures = backlog.failures + 1
    backlog.paused_until = clock.now() + backoff.jittered(backlog.failures, most_seconds)
end
--- A delivery got through: the next pause is short again. Phases: any.
function ____exports.note_success(backlog)
    backlog.failures = 0
end
return ____exports
