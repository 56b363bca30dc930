local ____exports = {}
local math_floor = math.floor
local math_max = math.max
local math_min = math.min
local rates = require("resty.openclaw.limit.rate")
local rates_LONGEST = rates.LONGEST
--- Sums of intervals have rounding errors: so many seconds.
local TOLERANCE = 0.000001
____exports.TOLERANCE = TOLERANCE
--- A bucket stays in the dict for so many times the horizon of its rate.
local HORIZONS = 3
--- The one outcome, used by all requests: no function yields between its making and its reading.
local outcome = {level = 0, is_taken = false, has_evicted = false, err = nil}
local function refused(level)
    outcome.level = level
    outcome.is_taken = false
    return outcome
end
local function failed(err)
    outcome.err = err or "no memory"
    return refused(0)
end
--- Takes back what has brought a bucket to the present, as another worker has done that; when it will be empty then.
local function take_back(dict, key, idle, added)
    local empty_at = dict:incr(key, -idle)
    return empty_at or added - idle
end
--- What may be in a bucket when so many requests come at once, in seconds of its leaking; below 0 if they never have room.
local function room_for(rate, cost)
    local room = rate.room - (cost - 1) * rate.interval
    return room
end
--- Puts so many requests, or tokens, into the bucket with that key, unless it has no room for all of them. `now`: seconds of a clock that
-- nobody sets. Returns a table that the next call changes. Phases: any but init; does not yield.
local function take(dict, key, rate, now, cost)
    if cost == nil then
        cost = 1
    end
    local ____rate_0 = rate
    local horizon = ____rate_0.horizon
    local seconds = cost * rate.interval
    local room = room_for(rate, cost)
    outcome.has_evicted = false
    outcome.err = nil
    local before = dict:get(key)
    if before ~= nil and before - now > room + TOLERANCE then
        return refused(before - now)
    end
    local idle = before == nil and 0 or math_max(0, now - before)
    local added, err, has_evicted = dict:incr(key, idle + seconds, now, HORIZONS * horizon)
    if added == nil then
        return failed(err)
    end
    outcome.has_evicted = has_evicted == true
    local empty_at = idle > 0 and added - now - seconds > TOLERANCE and take_back(dict, key, idle, added) or added
    if before ~= nil and math_floor(empty_at / horizon) ~= math_floor(before / horizon) then
        dict:expire(key, HORIZONS * horizon)
    end
    local level = empty_at - now - seconds
    if level > room + TOLERANCE then
        dict:incr(key, -seconds)
        return refused(level)
    end
    outcome.level = math_max(0, level)
    outcome.is_taken = true
    return outcome
end
____exports.take = take
--- Takes so many seconds of leaking out of the bucket again. Phases: as `take`.
local function give_back(dict, key, seconds)
    dict:incr(key, -seconds)
end
____exports.give_back = give_back
--- Puts so many requests, or tokens, into the bucket, whether they have room or not. Nothing happens if the dict cannot be used.
-- Phases: as `take`.
local function charge(dict, key, rate, now, cost)
    local seconds = cost * rate.interval
    local before = dict:get(key)
    local idle = before == nil and 0 or math_max(0, now - before)
    local added = dict:incr(key, idle + seconds, now, HORIZONS * rate.horizon)
    if added == nil then
        return
    end
    local empty_at = idle > 0 and added - now - seconds > TOLERANCE and take_back(dict, key, idle, added) or added
    dict:expire(
        key,
        HORIZONS * rate.horizon + math_min(
            rates_LONGEST,
            math_max(0, empty_at - now)
        )
    )
end
____exports.charge = charge
--- When the bucket with that key is empty; nothing where there is none. Phases: as `take`.
function ____exports.empty_at(dict, key)
    local moment = dict:get(key)
    return moment
end
--- What is in the bucket with that key, in seconds of leaking. Phases: as `take`.
function ____exports.level(dict, key, now)
    local moment = ____exports.empty_at(dict, key)
    return moment == nil and 0 or math_max(0, moment - now)
end
--- Whether a bucket with so much in it has room for a request. Phases: any.
local function has_room(rate, its_level)
    return its_level <= rate.room + TOLERANCE
end
____exports.has_room = has_room
--- Seconds until a bucket with so much in it has room for so many requests; 0 or less if it has. Phases: any.
local function seconds_until_room(rate, its_level, cost)
    local seconds = its_level - room_for(rate, cost)
    return seconds
end
____exports.seconds_until_room = seconds_until_room
--- Sets when the bucket with that key will be empty, as another place counts it. Returns whether another bucket was lost for it, and why it
-- could not be set. Phases: as `take`.
local function put(dict, key, rate, moment)
    local ok, err, has_evicted = dict:set(key, moment, HORIZONS * rate.horizon)
    local ____temp_2 = has_evicted == true
    local ____ok_1
    if ok then
        ____ok_1 = nil
    else
        ____ok_1 = err or "no memory"
    end
    return ____temp_2, ____ok_1
end
____exports.put = put
return ____exports
