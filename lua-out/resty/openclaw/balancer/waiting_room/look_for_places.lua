local ____exports = {}
local ipairs = ipairs
local table_remove = table.remove
local lookouts = require("resty.openclaw.core.process.lookout")
local lookouts_keep = lookouts.keep
local lookouts_new = lookouts.new
local capacities = require("resty.openclaw.balancer.waiting_room.capacity")
local capacities_limit = capacities.limit
local departures_of = require("resty.openclaw.balancer.waiting_room.departures")
local departures_of_measure = departures_of.measure
local departures_of_per_second = departures_of.per_second
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local places_of_admit = places_of.admit
--- How often a worker in which requests wait looks for places of other workers.
local LOOK_SECONDS = 0.01
--- The rooms in which requests wait in this worker.
local rooms_to_look_at = {}
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
local lookout = lookouts_new("upstream", LOOK_SECONDS, look)
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
    lookouts_keep(lookout, now, room.faults, room.upstream)
end
____exports.look_at = look_at
--- Sees to it that the worker still looks, if requests wait. Phases: timer; to be called ten times a second.
local function tick(room, now)
    if not has_waiting(room) then
        return
    end
    lookouts_keep(lookout, now, room.faults, room.upstream)
    admit(room, now)
end
____exports.tick = tick
return ____exports
