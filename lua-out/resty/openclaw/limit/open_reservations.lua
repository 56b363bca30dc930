local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local math_max = math.max
local math_min = math.min
local string_format = string.format
local string_match = string.match
local process_identity = require("resty.openclaw.core.process.process_identity")
local process_identity_identity = process_identity.identity
local process_identity_is_alive = process_identity.is_alive
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
local time_slice = require("resty.openclaw.core.time.time_slice")
local time_slice_yield_now = time_slice.yield_now
local buckets = require("resty.openclaw.limit.bucket")
local buckets_give_back = buckets.give_back
--- More open reservations of a worker are not noted. Giving so many back takes some milliseconds.
local MOST = 4096
--- The names begin as no route's do.
local WORKERS = "\nworkers"
local SWEEP = "\nsweep"
local SWEEP_SECONDS = 0.9
--- So many are given back before other requests have their turn.
local AT_ONCE = 256
--- A note lasts so long at least, as the dict's times are in milliseconds.
local LEAST_SECONDS = 0.01
local zones = {}
--- The reservations in a dict, which exists. Phases: init.
local function of_zone(zone)
    local known = zones[zone]
    if known ~= nil then
        return known
    end
    local notes = {
        dict = ngx.shared[zone],
        identity = nil,
        highest = 0,
        free = {},
        free_count = 0,
        ends = {}
    }
    zones[zone] = notes
    return notes
end
____exports.of_zone = of_zone
local function key_of(who, number)
    return (("\nreservation " .. who) .. " ") .. tostring(number)
end
local function highest_key(who)
    return "\nhighest " .. who
end
--- Makes this worker known to the others.
local function join(notes)
    local who = process_identity_identity()
    local length = notes.dict:lpush(WORKERS, who)
    if length ~= nil then
        notes.identity = who
    end
    return notes.identity
end
--- Frees the numbers of reservations that nobody has ended, and that have leaked.
local function free_ended(notes, now)
    for number = 1, notes.highest do
        do
            local ends = notes.ends[number]
            if ends == nil or ends > now then
                goto __continue9
            end
            notes.ends[number] = nil
            notes.free[notes.free_count + 1] = number
            notes.free_count = notes.free_count + 1
        end
        ::__continue9::
    end
end
local function new_number(notes, who, now)
    if notes.free_count == 0 and notes.highest == MOST then
        free_ended(notes, now)
    end
    if notes.free_count > 0 then
        notes.free_count = notes.free_count - 1
        return notes.free[notes.free_count + 1]
    end
    if notes.highest == MOST then
        return 0
    end
    local ok = notes.dict:safe_set(
        highest_key(who),
        notes.highest + 1
    )
    if ok ~= true then
        return 0
    end
    notes.highest = notes.highest + 1
    return notes.highest
end
--- Notes what a request has put into a bucket; its number, or 0 if there is no room to note it. Phases: access; does not yield.
local function note(notes, key, seconds, ends_at, now)
    local who = notes.identity or join(notes)
    if who == nil then
        return 0
    end
    local number = new_number(notes, who, now)
    if number == 0 then
        return 0
    end
    local text = string_format("%.9f %.9f %s", seconds, ends_at, key)
    notes.dict:safe_set(
        key_of(who, number),
        text,
        math_max(LEAST_SECONDS, ends_at - now)
    )
    notes.ends[number] = ends_at
    return number
end
____exports.note = note
--- Forgets the reservation with this number, which leaks until `ends_at`: another one may have got the number meanwhile. Phases: any but
-- init; does not yield.
local function forget(notes, number, ends_at)
    if number == 0 or notes.ends[number] ~= ends_at then
        return
    end
    notes.ends[number] = nil
    notes.dict:delete(key_of(notes.identity, number))
    notes.free[notes.free_count + 1] = number
    notes.free_count = notes.free_count + 1
end
____exports.forget = forget
--- What of a reservation has not leaked yet, in seconds: no more may be given back, as the rest has made room for others already. Phases: any.
local function unleaked(seconds, ends_at, now)
    local left = math_min(seconds, ends_at - now)
    return (math_max(0, left))
end
____exports.unleaked = unleaked
local function give_back(dict, text)
    local seconds, ends_at, key = string_match(text, "^(%S+) (%S+) (.*)$")
    if seconds == nil then
        return
    end
    local left = unleaked(
        tonumber(seconds),
        tonumber(ends_at),
        clock_now()
    )
    if left > 0 then
        buckets_give_back(dict, key, left)
    end
end
local function bury(dict, who)
    local highest = dict:get(highest_key(who))
    for number = 1, highest or 0 do
        local key = key_of(who, number)
        local text = dict:get(key)
        if text ~= nil then
            dict:delete(key)
            give_back(dict, text)
        end
        if number % AT_ONCE == 0 then
            time_slice_yield_now()
        end
    end
    dict:delete(highest_key(who))
end
--- Gives back what dead workers have reserved; one worker of all does so, about once a second. Phases: timer; yields.
local function sweep(notes)
    local ____notes_0 = notes
    local dict = ____notes_0.dict
    local won = dict:safe_add(SWEEP, 1, SWEEP_SECONDS)
    if won ~= true then
        return
    end
    local count = dict:llen(WORKERS)
    for _ = 1, count or 0 do
        local who = dict:rpop(WORKERS)
        if who == nil then
            return
        end
        if process_identity_is_alive(who) then
            dict:lpush(WORKERS, who)
        else
            bury(dict, who)
        end
    end
end
____exports.sweep = sweep
return ____exports
