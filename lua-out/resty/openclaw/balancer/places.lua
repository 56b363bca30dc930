local ____exports = {}
--- Who stands in the line and has not asked again for so long, in seconds, needs its place no more.
local GONE_SECONDS = 1
--- So many places, all free. Phases: any.
local function create(most)
    return {most = most, taken = 0, line = {}}
end
____exports.new = create
--- Takes those out of the line who have not asked for a while; `now` may have been set back.
local function forget_gone(places, now)
    local left = {}
    for ____, waiting in ipairs(places.line) do
        if math.abs(now - waiting.asked_at) <= GONE_SECONDS then
            left[#left + 1] = waiting
        end
    end
    places.line = left
end
--- How many stand before somebody in the line: all of them, where it is not in it.
local function before(places, who)
    local count = 0
    for ____, waiting in ipairs(places.line) do
        if waiting.who == who then
            return count
        end
        count = count + 1
    end
    return count
end
--- Takes somebody out of the line, who needs no place. Costs nothing where nobody waits. Phases: any.
function ____exports.leave(places, who)
    if #places.line == 0 then
        return
    end
    local place = before(places, who)
    if place < #places.line then
        table.remove(places.line, place + 1)
    end
end
local function wait(places, who, now)
    local place = before(places, who)
    if place < #places.line then
        places.line[place + 1].asked_at = now
    else
        local ____places_line_0 = places.line
        ____places_line_0[#____places_line_0 + 1] = {who = who, asked_at = now}
    end
end
--- Takes a place, which is to be given back. False when there is none, or when others have waited longer; then `who` stands in
-- the line, and should ask again within a second or `leave`. Phases: any.
-- 
-- @param now the time as `ngx.now` has it
function ____exports.take(places, who, now)
    if #places.line > 0 then
        forget_gone(places, now)
    end
    if before(places, who) >= places.most - places.taken then
        wait(places, who, now)
        return false
    end
    ____exports.leave(places, who)
    places.taken = places.taken + 1
    return true
end
--- Gives a place back. Phases: any.
function ____exports.give_back(places)
    places.taken = places.taken - 1
end
return ____exports
