local ____exports = {}
local error = error
local ipairs = ipairs
local math_huge = math.huge
local math_max = math.max
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_slot = shared_memory.slot
local shared_memory_total = shared_memory.total
local shared_memory_transient_slot = shared_memory.transient_slot
local ____lease = require("resty.openclaw.core.memory.shared_memory.lease")
local lease_HIGHEST_BLOCK = ____lease.HIGHEST_BLOCK
local HIGHEST_BLOCK = lease_HIGHEST_BLOCK
local mapping = require("resty.openclaw.core.memory.shared_memory.mapping")
local mapping_SLOTS = mapping.SLOTS
local lines = require("resty.openclaw.core.process.line")
local lines_join = lines.join
local lines_leave = lines.leave
local lines_new = lines.new
--- Within a class a request of this worker may go before one of another worker that came so much earlier.
local SLACK_SECONDS = 0.05
--- For so long a request of another worker is not waited for, where places become free more often than that.
local PATIENCE_SECONDS = 0.02
--- A worker in which requests wait looks every few milliseconds. One that has not for so long is busy or dead, and not waited for.
local HANG_SECONDS = 0.1
--- What `find_next` has found.
local next_class
local next_block = 0
local next_since = 0
local function slot(region, name)
    local found, err = shared_memory_slot(region, name)
    if found == nil then
        error("no shared memory: " .. err, 0)
    end
    return found
end
local function transient_slot(region, name)
    local found, err = shared_memory_transient_slot(region, name)
    if found == nil then
        error("no shared memory: " .. err, 0)
    end
    return found
end
local function common(region, name)
    return region.common + slot(region, name)
end
local function class_of(region, prefix, options)
    local ____options_0 = options
    local name = ____options_0.name
    local weight = ____options_0.weight
    local size = ____options_0.size
    local wait_seconds = ____options_0.wait_seconds
    return {
        name = name,
        weight = weight,
        size = size,
        wait_seconds = wait_seconds,
        line = lines_new(),
        waiting_slot = transient_slot(region, (prefix .. " waiting ") .. name),
        since_slot = transient_slot(region, (prefix .. " since ") .. name),
        admitted_slot = slot(region, (prefix .. " admitted ") .. name),
        turn = common(region, (prefix .. " turn ") .. name)
    }
end
--- The places of an upstream. Raises if there is no shared memory. Phases: init.
local function create(region, upstream, options, wake)
    local prefix = "queue " .. upstream
    local classes = {}
    local by_name = {}
    for ____, its_options in ipairs(options) do
        local made = class_of(region, prefix, its_options)
        classes[#classes + 1] = made
        by_name[made.name] = made
    end
    return {
        region = region,
        classes = classes,
        by_name = by_name,
        taken_slot = transient_slot(region, prefix .. " taken"),
        waiting_slot = transient_slot(region, prefix .. " waiting"),
        looked_slot = transient_slot(region, prefix .. " looked"),
        departed_slot = slot(region, prefix .. " departed"),
        turn = common(region, prefix .. " turn"),
        wake = wake
    }
end
____exports.new = create
--- Requests under way, of all workers. Phases: any.
local function taken(places)
    return shared_memory_total(places.region, places.taken_slot)
end
____exports.taken = taken
--- Requests that wait, of all workers. Phases: any.
local function waiting(places)
    return shared_memory_total(places.region, places.waiting_slot)
end
____exports.waiting = waiting
--- Those of one class. Phases: any.
local function waiting_of(places, its_class)
    return shared_memory_total(places.region, its_class.waiting_slot)
end
____exports.waiting_of = waiting_of
--- Whether a request may go on at once: a place is free, and nobody waits. A worker without a block of shared memory, whose counts
-- nobody sees, lets all go on. Phases: any but init.
local function is_free(places, limit)
    if waiting(places) <= 0 and taken(places) < limit then
        return true
    end
    local ____places_1 = places
    local region = ____places_1.region
    return region.followed ~= nil
end
____exports.is_free = is_free
--- Takes a place for a request of this class, whether one is free or not. Phases: any.
local function take(places, its_class)
    local mine = places.region.mine
    local ____places_2 = places
    local taken_slot = ____places_2.taken_slot
    local ____its_class_3 = its_class
    local admitted_slot = ____its_class_3.admitted_slot
    mine[taken_slot] = mine[taken_slot] + 1
    mine[admitted_slot] = mine[admitted_slot] + 1
end
____exports.take = take
--- Gives a place back. Phases: any.
local function give_back(places)
    local mine = places.region.mine
    local ____places_4 = places
    local taken_slot = ____places_4.taken_slot
    local departed_slot = ____places_4.departed_slot
    mine[taken_slot] = mine[taken_slot] - 1
    mine[departed_slot] = mine[departed_slot] + 1
end
____exports.give_back = give_back
--- Publishes what this worker has waiting of a class.
local function publish(places, its_class, change)
    local mine = places.region.mine
    local ____places_5 = places
    local waiting_slot = ____places_5.waiting_slot
    local ____its_class_6 = its_class
    local line = ____its_class_6.line
    mine[its_class.waiting_slot] = line.length
    mine[its_class.since_slot] = line.first == nil and 0 or line.first.since
    mine[waiting_slot] = mine[waiting_slot] + change
end
--- Adds a request to those of its class that wait. Phases: any.
local function join(places, its_class, waiter)
    if waiting_of(places, its_class) <= 0 then
        its_class.turn[0] = math_max(its_class.turn[0], places.turn[0])
    end
    lines_join(its_class.line, waiter)
    places.region.mine[places.looked_slot] = waiter.since
    publish(places, its_class, 1)
end
____exports.join = join
--- Takes a request out that waits no longer. Phases: any.
local function leave(places, its_class, waiter)
    lines_leave(its_class.line, waiter)
    publish(places, its_class, -1)
end
____exports.leave = leave
--- Whether the worker of a block has stopped looking for places.
local function hangs(places, block, now)
    local looked_at = places.region.base[block * mapping_SLOTS + places.looked_slot]
    return now - looked_at > HANG_SECONDS
end
--- Whether the turn of a class comes before that of `next_class`.
local function is_before(its_class)
    if next_class == nil then
        return true
    end
    local difference = its_class.turn[0] - next_class.turn[0]
    return difference < 0 or difference == 0 and its_class.weight > next_class.weight
end
--- Finds whose turn it is, among the requests of all workers that do not hang, or only of this worker.
local function find_next(places, is_mine_only, now)
    local ____places_region_7 = places.region
    local base = ____places_region_7.base
    local mine = ____places_region_7.block
    local first = is_mine_only and mine or 1
    local last = is_mine_only and mine or base[HIGHEST_BLOCK]
    next_class = nil
    for ____, its_class in ipairs(places.classes) do
        do
            if not is_before(its_class) then
                goto __continue26
            end
            local oldest = math_huge
            local oldest_block = 0
            for block = first, last do
                local since = base[block * mapping_SLOTS + its_class.since_slot]
                if since > 0 and since < oldest and (block == mine or not hangs(places, block, now)) then
                    oldest = since
                    oldest_block = block
                end
            end
            if oldest_block ~= 0 then
                next_class = its_class
                next_block = oldest_block
                next_since = oldest
            end
        end
        ::__continue26::
    end
end
--- The class of this worker that gets a free place now; nothing if it is left to another worker. `free`: how many are free, `rate`: how
-- many become free per second.
local function own_turn(places, free, rate, now)
    local ____places_8 = places
    local region = ____places_8.region
    find_next(places, false, now)
    if next_class == nil or next_block == region.block then
        return next_class
    end
    local ____next_class_line_9 = next_class.line
    local first = ____next_class_line_9.first
    if first ~= nil and first.since - next_since <= SLACK_SECONDS then
        return next_class
    end
    local is_soon = now - next_since < PATIENCE_SECONDS and rate * PATIENCE_SECONDS > 1
    local others = waiting(places) - region.mine[places.waiting_slot]
    if not is_soon and free <= others then
        return nil
    end
    find_next(places, true, now)
    return next_class
end
--- Gives a place to the first one of a class that waits in this worker.
local function admit_one(places, its_class)
    local waiter = its_class.line.first
    leave(places, its_class, waiter)
    take(places, its_class)
    local turn = its_class.turn[0]
    places.turn[0] = math_max(places.turn[0], turn)
    its_class.turn[0] = turn + 1 / its_class.weight
    waiter.has_place = true
    places.wake(waiter)
end
--- Gives free places to requests that wait in this worker, as far as it is their turn. To be called when a place has become free, when
-- a request has begun to wait, and every few milliseconds while one waits. Phases: any. `rate`: how many places become free per
-- second, about.
local function admit(places, limit, rate, now)
    local ____places_10 = places
    local region = ____places_10.region
    local waiting_slot = ____places_10.waiting_slot
    local looked_slot = ____places_10.looked_slot
    region.mine[looked_slot] = now
    while region.mine[waiting_slot] > 0 do
        local free = limit - taken(places)
        if free < 1 then
            return
        end
        local its_class = own_turn(places, free, rate, now)
        if its_class == nil then
            return
        end
        admit_one(places, its_class)
    end
end
____exports.admit = admit
return ____exports
