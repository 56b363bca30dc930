local ____exports = {}
--- Nginx runs 256 timers at a time (`lua_max_running_timers`), and silently drops what is more; others need some too.
____exports.MOST_PLACES = 100
--- Who stands in the line and has not asked again for so long, in seconds, needs its place no more.
local GONE_SECONDS = 1
local taken = 0
local line = {}
--- Takes those out of the line who have not asked for a while; `now` may have been set back.
local function forget_gone(now)
    local left = {}
    for ____, waiting in ipairs(line) do
        if math.abs(now - waiting.asked_at) <= GONE_SECONDS then
            left[#left + 1] = waiting
        end
    end
    line = left
end
--- How many stand before somebody in the line: all of them, where it is not in it.
local function before(who)
    local count = 0
    for ____, waiting in ipairs(line) do
        if waiting.who == who then
            return count
        end
        count = count + 1
    end
    return count
end
--- Takes somebody out of the line, who needs no place. Costs nothing where nobody waits. Phases: any.
function ____exports.leave(who)
    if #line == 0 then
        return
    end
    local place = before(who)
    if place < #line then
        table.remove(line, place + 1)
    end
end
local function wait(who, now)
    local place = before(who)
    if place < #line then
        line[place + 1].asked_at = now
    else
        line[#line + 1] = {who = who, asked_at = now}
    end
end
--- Takes a place, which is to be given back. False when there is none, or when others have waited longer; then `who` stands in
-- the line, and should ask again within a second or `leave`. Phases: any.
-- 
-- @param now the time as `ngx.now` has it
function ____exports.take(who, now)
    if #line > 0 then
        forget_gone(now)
    end
    if before(who) >= ____exports.MOST_PLACES - taken then
        wait(who, now)
        return false
    end
    ____exports.leave(who)
    taken = taken + 1
    return true
end
--- Gives a place back. Phases: any.
function ____exports.give_back()
    taken = taken - 1
end
return ____exports
