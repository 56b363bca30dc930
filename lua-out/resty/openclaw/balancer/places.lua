local ____exports = {}
local ipairs = ipairs
local table_remove = table.remove
--- Who waits and has not asked again for so many seconds no longer needs a place.
local GONE_SECONDS = 1
--- So many places, all free. Phases: any.
local function create(most)
    return {most = most, taken = 0, queue = {}}
end
____exports.new = create
--- Removes those who have not asked for a while from the queue.
local function forget_gone(places, now)
    local left = {}
    for ____, waiting in ipairs(places.queue) do
        if now - waiting.asked_at <= GONE_SECONDS then
            left[#left + 1] = waiting
        end
    end
    places.queue = left
end
--- How many wait before somebody: all of them, if it does not wait.
local function before(places, who)
    local count = 0
    for ____, waiting in ipairs(places.queue) do
        if waiting.who == who then
            return count
        end
        count = count + 1
    end
    return count
end
--- Removes somebody from the queue. Costs nothing if the queue is empty. Phases: any.
local function leave(places, who)
    if #places.queue == 0 then
        return
    end
    local place = before(places, who)
    if place < #places.queue then
        table_remove(places.queue, place + 1)
    end
end
____exports.leave = leave
local function wait(places, who, now)
    local place = before(places, who)
    if place < #places.queue then
        places.queue[place + 1].asked_at = now
    else
        local ____places_queue_0 = places.queue
        ____places_queue_0[#____places_queue_0 + 1] = {who = who, asked_at = now}
    end
end
--- Takes a place, which is to be given back. False if none is free, or others have waited longer: then `who` waits in the queue,
-- and should ask again within a second or `leave`. Phases: any.
local function take(places, who, now)
    if #places.queue > 0 then
        forget_gone(places, now)
    end
    if before(places, who) >= places.most - places.taken then
        wait(places, who, now)
        return false
    end
    leave(places, who)
    places.taken = places.taken + 1
    return true
end
____exports.take = take
--- Gives a place back. Phases: any.
local function give_back(places)
    places.taken = places.taken - 1
end
____exports.give_back = give_back
return ____exports
