local ____exports = {}
local heaps = require("resty.openclaw.edge.delivery.heap")
local schedules = require("resty.openclaw.edge.delivery.schedule")
local ids = require("resty.openclaw.edge.store.id")
--- A backlog with nothing in it. Phases: any.
local function create()
    return {
        bytes = {},
        tries = {},
        silences = {},
        ready = {},
        postponed = {},
        ages = {},
        flying = {},
        flying_count = 0
    }
end
____exports.new = create
--- Adds a job, unless it is known. Phases: any.
function ____exports.add(backlog, id, bytes)
    if backlog.bytes[id] ~= nil then
        return
    end
    backlog.bytes[id] = bytes
    heaps.push(backlog.ready, id)
    schedules.add(
        backlog.ages,
        id,
        ids.time_of(id)
    )
end
--- Has the jobs whose time has come wait for their turn again.
local function wake(backlog, now)
    local id = schedules.take(backlog.postponed, now)
    while id ~= nil do
        heaps.push(backlog.ready, id)
        id = schedules.take(backlog.postponed, now)
    end
end
--- The oldest job whose turn it is; nothing when there is none. Phases: any.
function ____exports.next(backlog, now)
    wake(backlog, now)
    local first = heaps.first(backlog.ready)
    while first ~= nil and (not (backlog.bytes[first] ~= nil) or backlog.flying[first] ~= nil) do
        heaps.pop(backlog.ready)
        first = heaps.first(backlog.ready)
    end
    return first
end
--- The oldest job of all, and when it was made, in seconds since 1970; nothing when there is none. Phases: any.
function ____exports.oldest(backlog)
    local first, made = schedules.first(backlog.ages)
    while first ~= nil and not (backlog.bytes[first] ~= nil) do
        heaps.pop(backlog.ages)
        first, made = schedules.first(backlog.ages)
    end
    return first, made
end
--- Takes note that the oldest job was made at another time, as the time of day has been set since. Phases: any.
function ____exports.correct_oldest(backlog, made)
    local id = ____exports.oldest(backlog)
    heaps.pop(backlog.ages)
    schedules.add(backlog.ages, id, made)
end
--- Whether a job is being delivered. Phases: any.
function ____exports.is_flying(backlog, id)
    return backlog.flying[id] ~= nil
end
--- The delivery of the job that `next` has named begins. Phases: any.
function ____exports.begin(backlog)
    backlog.flying[heaps.pop(backlog.ready)] = true
    backlog.flying_count = backlog.flying_count + 1
end
local function land(backlog, id)
    if not (backlog.flying[id] ~= nil) then
        return
    end
    backlog.flying[id] = nil
    backlog.flying_count = backlog.flying_count - 1
end
--- The delivery of a job did not come about: it is its turn as soon as may be. Phases: any.
function ____exports.give_back(backlog, id)
    land(backlog, id)
    heaps.push(backlog.ready, id)
end
--- The same, but it is not its turn before a time by `clock`. Phases: any.
function ____exports.postpone(backlog, id, ____until)
    land(backlog, id)
    schedules.add(backlog.postponed, id, ____until)
end
--- A job is gone. Phases: any.
function ____exports.forget(backlog, id)
    land(backlog, id)
    backlog.bytes[id] = nil
    backlog.tries[id] = nil
    backlog.silences[id] = nil
end
return ____exports
