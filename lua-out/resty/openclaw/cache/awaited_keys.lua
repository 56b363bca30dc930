local ____exports = {}
local semaphores = require("ngx.semaphore")
local semaphores_new = semaphores.new
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local leadership = require("resty.openclaw.cache.leadership")
local leadership_give_up = leadership.give_up
local leadership_present = leadership.present
local leadership_was_dead = leadership.was_dead
local records = require("resty.openclaw.cache.records")
local records_LIVE = records.LIVE
local records_PASSING = records.PASSING
local records_look = records.look
local records_note_lost = records.note_lost
local turns = require("resty.openclaw.cache.turns")
local turns_add = turns.add
local turns_look = turns.look
local turns_new = turns.new
--- How often a worker looks whether the process of a leader lives, in seconds.
local ALIVE_SECONDS = 0.25
local all = {}
local in_turns = turns_new()
--- What requests of this worker wait for under that key, from now on; nothing if there is no memory for it. Phases: access.
local function join(dict, key)
    local known = all[key]
    if known ~= nil then
        return known
    end
    local semaphore = semaphores_new(0)
    if semaphore == nil then
        return nil
    end
    local awaited = {
        dict = dict,
        key = key,
        semaphore = semaphore,
        looked_at = clock_now(),
        is_over = false
    }
    all[key] = awaited
    turns_add(in_turns, awaited)
    return awaited
end
____exports.join = join
--- Waits for so many seconds at most. Returns whether the wait is over. Phases: access; yields.
function ____exports.wait(awaited, seconds)
    if not awaited.is_over then
        awaited.semaphore:wait(seconds)
    end
    return awaited.is_over
end
--- Whether there is no leader any more, or the answer can be read.
local function is_over(awaited, now)
    local ____awaited_0 = awaited
    local dict = ____awaited_0.dict
    local key = ____awaited_0.key
    local leader = leadership_present(dict, key)
    if leader == nil then
        return true
    end
    local ____, kind = records_look(dict, key)
    if kind == records_LIVE or kind == records_PASSING then
        return true
    end
    if now - awaited.looked_at <= ALIVE_SECONDS then
        return false
    end
    awaited.looked_at = now
    if not leadership_was_dead(leader, now) then
        return false
    end
    records_note_lost(dict, key)
    leadership_give_up(dict, key, leader)
    return true
end
--- Wakes those whose wait is over. Returns whether any still wait.
local function stays(awaited, now)
    local waiting = -awaited.semaphore:count()
    if waiting > 0 and not is_over(awaited, now) then
        return true
    end
    awaited.is_over = true
    all[awaited.key] = nil
    if waiting > 0 then
        awaited.semaphore:post(waiting)
    end
    return false
end
--- Looks at the keys whose turn it is. Returns whether any are awaited still. Phases: timer.
local function look(now)
    return turns_look(in_turns, stays, now)
end
____exports.look = look
return ____exports
