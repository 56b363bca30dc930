local ____exports = {}
local tonumber = tonumber
local type = type
local math_floor = math.floor
--- KEYS: the answer. ARGV: how long a value may be. Returns its length, how long Redis still keeps it, Redis' clock, and the value.
local READ = "\nlocal bytes = redis.call(\"STRLEN\", KEYS[1])\nif bytes == 0 or bytes > tonumber(ARGV[1]) then return { bytes } end\nlocal time = redis.call(\"TIME\")\nlocal now = time[1] * 1000 + math.floor(time[2] / 1000)\nreturn { bytes, redis.call(\"PTTL\", KEYS[1]), now, redis.call(\"GET\", KEYS[1]) }\n"
____exports.READ = READ
--- KEYS: the answer. ARGV: the value, when it stops being fresh, and for how many milliseconds it is kept at most. Whenever Redis gets to
-- it, it keeps the answer no longer than it is fresh.
local WRITE = "\nlocal time = redis.call(\"TIME\")\nlocal left = ARGV[2] - time[1] * 1000 - math.ceil(time[2] / 1000)\nleft = math.min(left, tonumber(ARGV[3]))\nif left < 1 then return 0 end\nredis.call(\"SET\", KEYS[1], ARGV[1], \"PX\", string.format(\"%.0f\", left))\nreturn 1\n"
____exports.WRITE = WRITE
--- All lengths and moments are below it.
local MOST = 1000000000000000
--- Neither NaN nor endless: it can be compared, and computed with.
local function is_finite(value)
    return type(value) == "number" and value > -MOST and value < MOST
end
--- What a reply to `READ` says; nothing where it is none. Phases: any.
local function found_in(reply)
    if type(reply) ~= "table" then
        return nil
    end
    local bytes, left, now, value = unpack(reply, 1, 4)
    if not is_finite(bytes) then
        return nil
    end
    if value == nil then
        return {bytes = bytes, left = 0, now = 0, value = nil}
    end
    if not is_finite(left) or not is_finite(now) or type(value) ~= "string" then
        return nil
    end
    return {bytes = bytes, left = left, now = now, value = value}
end
____exports.found_in = found_in
--- The milliseconds of a reply to TIME; nothing where it is none. Phases: any.
local function moment_in(reply)
    if type(reply) ~= "table" then
        return nil
    end
    local seconds, microseconds = unpack(reply, 1, 2)
    local whole, parts = tonumber(seconds), tonumber(microseconds)
    if whole == nil or parts == nil then
        return nil
    end
    local moment = whole * 1000 + math_floor(parts / 1000)
    return is_finite(moment) and moment or nil
end
____exports.moment_in = moment_in
return ____exports
