local ____exports = {}
local tonumber = tonumber
local tostring = tostring
local math_max = math.max
local math_min = math.min
local string_format = string.format
local string_match = string.match
local SECONDS = {second = 1, minute = 60, hour = 3600, day = 86400}
--- All units, the shortest first.
local UNITS = {"second", "minute", "hour", "day"}
____exports.UNITS = UNITS
--- So many seconds at least, so that it is seldom that a bucket's time in the dict is renewed.
local LEAST_HORIZON = 20
--- Seconds, 32 years. Slower rates count as one request in that time, no bucket is kept for longer, and no client is told of more: so all
-- moments and times are numbers that dicts, Redis and headers can take.
local LONGEST = 1000000000
____exports.LONGEST = LONGEST
--- The numbers in a rate as API keys have it: `600/minute`. Nothing where it is another text. Phases: any.
local function parse(text)
    local requests, per = string_match(text, "^(%d+)/(%l+)$")
    if requests == nil or SECONDS[per] == nil then
        return
    end
    return tonumber(requests), per
end
____exports.parse = parse
--- At least as many seconds as a bucket with room for so many takes to become empty.
local function horizon_of(seconds)
    return (math_min(
        LONGEST,
        math_max(LEAST_HORIZON, seconds)
    ))
end
--- A rate; `delay`: how many requests of the burst are not delayed. Phases: any.
local function of(prefix, requests, per, burst, delay)
    local seconds = SECONDS[per]
    local interval = math_min(LONGEST, seconds / requests)
    return {
        interval = interval,
        room = burst * interval,
        undelayed = math_min(burst, delay) * interval,
        requests = requests,
        seconds = seconds,
        text = (((tostring(requests) .. " ") .. (requests == 1 and "request" or "requests")) .. " per ") .. per,
        horizon = horizon_of((burst + 1) * interval),
        prefix = prefix,
        capacity = burst + 1,
        shares = {}
    }
end
____exports.of = of
--- The rate of a token budget; `capacity`: how many tokens may come at once. They never wait. Phases: any.
local function of_tokens(prefix, tokens, per, capacity)
    local seconds = SECONDS[per]
    local interval = seconds / tokens
    local room = (capacity - 1) * interval
    return {
        interval = interval,
        room = room,
        undelayed = room,
        requests = tokens,
        seconds = seconds,
        text = string_format("%d %s per %s", tokens, tokens == 1 and "token" or "tokens", per),
        horizon = horizon_of(capacity * interval),
        prefix = prefix,
        capacity = capacity,
        shares = {}
    }
end
____exports.of_tokens = of_tokens
--- The rate of one of so many gateways, each of which has the same part of the requests and of the burst. What leaks in the same time
-- is less, so a bucket has room for the same time. Kept, as the number seldom changes. Phases: any.
local function share_of(rate, gateways)
    if gateways == 1 then
        return rate
    end
    local known = rate.shares[gateways]
    if known ~= nil then
        return known
    end
    local interval = math_min(LONGEST, rate.interval * gateways)
    local share = {
        interval = interval,
        room = rate.room,
        undelayed = rate.undelayed,
        requests = rate.requests,
        seconds = rate.seconds,
        text = rate.text,
        horizon = horizon_of(rate.room + interval),
        prefix = rate.prefix,
        capacity = rate.capacity,
        shares = rate.shares
    }
    rate.shares[gateways] = share
    return share
end
____exports.share_of = share_of
return ____exports
