local ____exports = {}
local ipairs = ipairs
local table_remove = table.remove
local guard = require("resty.openclaw.core.metrics.guard")
local guard_call_for = guard.call_for
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local capacities = require("resty.openclaw.balancer.waiting_room.capacity")
local capacities_limit = capacities.limit
local departures_of = require("resty.openclaw.balancer.waiting_room.departures")
local departures_of_measure = departures_of.measure
local departures_of_per_second = departures_of.per_second
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local places_of_admit = places_of.admit
--- How often a worker in which requests wait looks for places of other workers.
local LOOK_SECONDS = 0.01
--- The thread is replaced after so many looks, as its memory is freed only when it ends.
local LOOKS_OF_A_THREAD = 1000
--- The thread has ended without a word if it has not looked for so long: nginx has had no connection or timer left for it.
local LOST_SECONDS = 0.5
--- The rooms in which requests wait in this worker.
local rooms_to_look_at = {}
local is_looking = false
--- When the thread last looked, or was last begun.
local looked_at = clock_now()
local function has_waiting(____bindingPattern0)
    local places
    places = ____bindingPattern0.places
    local ____places_0 = places
    local region = ____places_0.region
    local waiting_slot = ____places_0.waiting_slot
    return region.mine[waiting_slot] > 0
end
--- Gives free places to requests that wait in this worker, as far as it is their turn. Phases: any.
local function admit(room, now)
    if not has_waiting(room) then
        return
    end
    local ____room_1 = room
    local places = ____room_1.places
    local capacity = ____room_1.capacity
    local departures = ____room_1.departures
    places_of_admit(
        places,
        capacities_limit(capacity),
        departures_of_per_second(departures),
        now
    )
end
____exports.admit = admit
--- Looks at each room once; returns whether requests still wait in any.
local function look(now)
    for place = #rooms_to_look_at, 1, -1 do
        local room = rooms_to_look_at[place]
        departures_of_measure(room.departures, now)
        admit(room, now)
        if not has_waiting(room) then
            table_remove(rooms_to_look_at, place)
        end
    end
    return #rooms_to_look_at > 0
end
local function start(work, room)
    local ok, err = ngx.timer.at(0, work, room)
    is_looking = ok ~= nil and ok ~= false
    looked_at = clock_now()
    if not is_looking then
        room.faults:report(
            "timer",
            "upstream \"",
            room.upstream,
            "\": ",
            err
        )
    end
end
--- Looks again and again, as long as requests wait.
local function look_on(_premature, room)
    for _ = 1, LOOKS_OF_A_THREAD do
        ngx.sleep(LOOK_SECONDS)
        looked_at = clock_now()
        local ok, goes_on = guard_call_for(
            room.faults,
            "look",
            room.upstream,
            look,
            looked_at
        )
        if ok and goes_on == false then
            is_looking = false
            return
        end
    end
    start(look_on, room)
end
--- Begins to look, unless a thread does already. One that was lost is replaced.
local function keep_looking(room, now)
    local is_lost = is_looking and now - looked_at > LOST_SECONDS
    if is_lost then
        room.faults:report("timer", "upstream \"", room.upstream, "\": the thread that looks for places was lost")
    end
    if is_lost or not is_looking then
        start(look_on, room)
    end
end
local function is_known(room)
    for ____, known in ipairs(rooms_to_look_at) do
        if known == room then
            return true
        end
    end
    return false
end
--- Has the worker look for places, as a request has begun to wait. Phases: access.
local function look_at(room, now)
    if not is_known(room) then
        rooms_to_look_at[#rooms_to_look_at + 1] = room
    end
    keep_looking(room, now)
end
____exports.look_at = look_at
--- Sees to it that the worker still looks, if requests wait. Phases: timer; to be called ten times a second.
local function tick(room, now)
    if not has_waiting(room) then
        return
    end
    keep_looking(room, now)
    admit(room, now)
end
____exports.tick = tick
return ____exports
