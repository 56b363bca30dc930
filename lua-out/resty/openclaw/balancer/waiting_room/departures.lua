local ____exports = {}
local ipairs = ipairs
local math_exp = math.exp
local math_huge = math.huge
local math_max = math.max
local shared_memory = require("resty.openclaw.core.memory.shared_memory")
local shared_memory_total = shared_memory.total
local places_of = require("resty.openclaw.balancer.waiting_room.places")
local places_of_waiting_of = places_of.waiting_of
--- The counts are read at intervals of at least this.
local INTERVAL_SECONDS = 0.2
--- The time constant of the means.
local FADING_SECONDS = 5
--- A rate that was measured longer ago than this says nothing.
local STALE_SECONDS = 15
--- Nothing measured. Phases: init.
local function create(places)
    local by_class = {}
    local sum_of_weights = 0
    for ____, ____value in ipairs(places.classes) do
        local name = ____value.name
        local weight = ____value.weight
        by_class[name] = {count = 0, per_second = 0}
        sum_of_weights = sum_of_weights + weight
    end
    return {
        places = places,
        all = {count = 0, per_second = 0},
        by_class = by_class,
        measured_at = nil,
        sum_of_weights = sum_of_weights
    }
end
____exports.new = create
--- Adds what came in so many seconds. `share`: how much of the mean is new.
local function update(rate, count, seconds, share)
    local fresh = math_max(0, count - rate.count) / seconds
    rate.per_second = rate.per_second + share * (fresh - rate.per_second)
    rate.count = count
end
--- Measures, if that was last done a while ago. Phases: any.
local function measure(departures, now)
    local ____departures_0 = departures
    local places = ____departures_0.places
    local all = ____departures_0.all
    local by_class = ____departures_0.by_class
    local measured_at = ____departures_0.measured_at
    local seconds = measured_at == nil and math_huge or now - measured_at
    if seconds < INTERVAL_SECONDS then
        return
    end
    departures.measured_at = now
    local ____places_1 = places
    local region = ____places_1.region
    local is_first = seconds > STALE_SECONDS
    local share = is_first and 0 or 1 - math_exp(-seconds / FADING_SECONDS)
    if is_first then
        all.per_second = 0
    end
    update(
        all,
        shared_memory_total(region, places.departed_slot),
        seconds,
        share
    )
    for ____, ____value in ipairs(places.classes) do
        local name = ____value.name
        local admitted_slot = ____value.admitted_slot
        local rate = by_class[name]
        if is_first then
            rate.per_second = 0
        end
        update(
            rate,
            shared_memory_total(region, admitted_slot),
            seconds,
            share
        )
    end
end
____exports.measure = measure
--- How many places become free per second. Phases: any.
local function per_second(____bindingPattern0)
    local all
    all = ____bindingPattern0.all
    return all.per_second
end
____exports.per_second = per_second
--- Seconds that a request will wait if it joins those of its class now: by how fast these went on lately, or would if requests of
-- all classes waited. Nothing if no request has left lately. Phases: any.
local function expected_wait(departures, its_class)
    local ____departures_2 = departures
    local places = ____departures_2.places
    local all = ____departures_2.all
    local by_class = ____departures_2.by_class
    local sum_of_weights = ____departures_2.sum_of_weights
    local lately = by_class[its_class.name].per_second
    local share = all.per_second * its_class.weight / sum_of_weights
    local rate = math_max(lately, share)
    if rate <= 0 then
        return nil
    end
    return (places_of_waiting_of(places, its_class) + 1) / rate
end
____exports.expected_wait = expected_wait
return ____exports
