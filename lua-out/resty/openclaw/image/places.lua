local ____exports = {}
local error = error
local ipairs = ipairs
local tostring = tostring
local semaphores = require("ngx.semaphore")
local semaphores_new = semaphores.new
local locks = require("resty.openclaw.core.memory.lock")
local locks_holder = locks.holder
local locks_new = locks.new
local locks_try_lock = locks.try_lock
local locks_unlock = locks.unlock
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_least = shared_memory.least
local shared_memory_total = shared_memory.total
local shared_memory_transient_slot = shared_memory.transient_slot
local lines = require("resty.openclaw.core.process.line")
local lines_join = lines.join
local lines_leave = lines.leave
local lines_new = lines.new
local lookouts = require("resty.openclaw.core.process.lookout")
local lookouts_keep = lookouts.keep
local lookouts_new = lookouts.new
local client_watch = require("resty.openclaw.core.request.client_watch")
local client_watch_end_if_gone = client_watch.end_if_gone
local request_state = require("resty.openclaw.core.request.request_state")
local request_state_open = request_state.open
local request_state_when_forgotten = request_state.when_forgotten
local request_state_when_lost = request_state.when_lost
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- A conversion never takes so long; the place of a dead process is free at once.
local HOLD_SECONDS = 3600
local LOOK_SECONDS = 0.005
--- A request of this worker may go before one of another worker that came so much earlier.
local SLACK_SECONDS = 0.05
--- For so long a free place is left to a worker whose request came earlier.
local PATIENCE_SECONDS = 0.02
local function transient_slot(region, name)
    local slot, err = shared_memory_transient_slot(region, name)
    if slot == nil then
        error("no shared memory: " .. err, 0)
    end
    return slot
end
local function free_place(places)
    for ____, place in ipairs(places.all) do
        local is_held, err = locks_try_lock(place)
        if is_held then
            return place
        end
        if err ~= nil then
            places.faults:report("dict", "cannot note that a conversion runs: ", err)
        end
    end
    return nil
end
--- Shows the other workers what waits here.
local function publish(____bindingPattern0)
    local since_slot
    local waiting_slot
    local line
    local region
    region = ____bindingPattern0.region
    line = ____bindingPattern0.line
    waiting_slot = ____bindingPattern0.waiting_slot
    since_slot = ____bindingPattern0.since_slot
    region.mine[waiting_slot] = line.length
    local ____region_mine_2 = region.mine
    local ____since_slot_3 = since_slot
    local ____opt_0 = line.first
    ____region_mine_2[____since_slot_3] = ____opt_0 and ____opt_0.since or 0
end
--- Whether no request of another worker has waited for longer, or that worker does not take the place.
local function is_next(places, first, now)
    local earliest = shared_memory_least(places.region, places.since_slot)
    if first.since <= earliest + SLACK_SECONDS then
        return true
    end
    if places.left_at == nil then
        places.left_at = now
    end
    return now - places.left_at > PATIENCE_SECONDS
end
local function take_out(places, waiter)
    lines_leave(places.line, waiter)
    publish(places)
end
--- Gives free places to requests of this worker whose turn it is.
local function admit(places, now)
    local ____places_4 = places
    local line = ____places_4.line
    while line.first ~= nil and is_next(places, line.first, now) do
        local place = free_place(places)
        if place == nil then
            return
        end
        places.left_at = nil
        local waiter = line.first
        take_out(places, waiter)
        waiter.place = place
        waiter.has_place = true
        waiter.semaphore:post(1)
    end
end
--- How many requests wait, in all workers. Phases: any.
local function waiting(____bindingPattern0)
    local waiting_slot
    local region
    region = ____bindingPattern0.region
    waiting_slot = ____bindingPattern0.waiting_slot
    local count = shared_memory_total(region, waiting_slot)
    return count
end
____exports.waiting = waiting
--- How many conversions run, in all workers. Phases: any.
local function taken(places)
    local count = 0
    for ____, place in ipairs(places.all) do
        if locks_holder(place) ~= nil then
            count = count + 1
        end
    end
    return count
end
____exports.taken = taken
--- Gives the place to the next one. Phases: access, timer.
local function give_back(places, place)
    locks_unlock(place)
    admit(
        places,
        clock_now()
    )
end
____exports.give_back = give_back
--- Takes the request out of the line; gives a place back that it was given and did not take.
local function leave(state)
    local waiter = state.image_waiter
    if waiter == nil then
        return
    end
    state.image_waiter = nil
    local places = waiter.places
    local place = waiter.place
    if place ~= nil then
        give_back(places, place)
    else
        take_out(places, waiter)
    end
end
local function wait(places, seconds)
    if waiting(places) >= places.most_waiting then
        return nil, "full"
    end
    local semaphore = semaphores_new(0)
    if semaphore == nil then
        return nil, "full"
    end
    local now = clock_now()
    local waiter = {
        since = now,
        before = nil,
        after = nil,
        has_place = false,
        places = places,
        semaphore = semaphore,
        place = nil
    }
    local state = request_state_open()
    state.image_waiter = waiter
    state.is_unfinished = true
    lines_join(places.line, waiter)
    publish(places)
    if waiting(places) > places.most_waiting then
        leave(state)
        return nil, "full"
    end
    lookouts_keep(places.lookout, now, places.faults, places.route)
    client_watch_end_if_gone(state)
    semaphore:wait(seconds)
    local place = waiter.place
    state.image_waiter = nil
    if place ~= nil then
        return place
    end
    take_out(places, waiter)
    return nil, "timeout"
end
--- A place, after a wait of at most so many seconds if there is none; or why there is none. Phases: access; yields.
local function enter(places, seconds)
    if places.line.length == 0 and waiting(places) == 0 then
        local place = free_place(places)
        if place ~= nil then
            return place
        end
    end
    return wait(places, seconds)
end
____exports.enter = enter
--- The places of a route. Raises if there is no shared memory. Phases: init.
local function create(region, route, count, most_waiting, faults)
    local all = {}
    for number = 1, count do
        all[#all + 1] = locks_new(
            region.names,
            (("image " .. route) .. " place ") .. tostring(number),
            HOLD_SECONDS
        )
    end
    local places
    places = {
        route = route,
        region = region,
        all = all,
        line = lines_new(),
        most_waiting = most_waiting,
        waiting_slot = transient_slot(region, ("image " .. route) .. " waiting"),
        since_slot = transient_slot(region, ("image " .. route) .. " since"),
        left_at = nil,
        lookout = lookouts_new(
            "route",
            LOOK_SECONDS,
            function(now)
                admit(places, now)
                return places.line.length > 0
            end
        ),
        faults = faults
    }
    return places
end
____exports.new = create
request_state_when_forgotten(leave)
request_state_when_lost(leave)
return ____exports
