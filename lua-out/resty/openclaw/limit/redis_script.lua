local ____exports = {}
local ipairs = ipairs
local tonumber = tonumber
local tostring = tostring
local type = type
local math_huge = math.huge
local string_byte = string.byte
local string_format = string.format
local table_concat = table.concat
local ____bucket = require("resty.openclaw.limit.bucket")
local bucket_TOLERANCE = ____bucket.TOLERANCE
local TOLERANCE = bucket_TOLERANCE
local ____rate = require("resty.openclaw.limit.rate")
local rate_LONGEST = ____rate.LONGEST
local LONGEST = rate_LONGEST
--- Moments are seconds since this one (November 2023), so that a number has room for parts of a microsecond.
local EPOCH = 1700000000
--- A gateway that has not called for so many seconds is no longer one of the gateways.
local GATEWAY_SECONDS = 60
--- More of them are no number of gateways.
local MOST_GATEWAYS = 100000
--- Redis' clock was set if it differs by so many seconds from what the gateway expects.
local JUMP_SECONDS = 1
local TEXT = ((((((((((((((((("\nlocal time = redis.call(\"TIME\")\nlocal now = time[1] - " .. tostring(EPOCH)) .. " + time[2] / 1000000\nlocal buckets = #KEYS - 1\nlocal jump = now - ARGV[2]\n-- What the gateway has seen of a bucket stays true if Redis' clock is set.\nif math.abs(jump) < ") .. tostring(JUMP_SECONDS)) .. " then jump = 0 end\nlocal kept, levels, intervals, rooms = {}, {}, {}, {}\nlocal refused_by = 0\nfor place = 1, buckets do\n    local first = 4 * place - 1\n    local interval, room = tonumber(ARGV[first]), tonumber(ARGV[first + 1])\n    local seen = tonumber(ARGV[first + 2])\n    kept[place] = math.max(0, (tonumber(redis.call(\"GET\", KEYS[place])) or 0) - now)\n    local level = math.max(kept[place], seen and seen + jump - now or 0)\n    -- There cannot be more in it: the clock was set back.\n    level = math.min(level, room + interval)\n    if level > room + ") .. tostring(TOLERANCE)) .. " and ARGV[first + 3] ~= \"1\" and refused_by == 0 then refused_by = place end\n    levels[place], intervals[place], rooms[place] = level, interval, room\nend\nlocal reply = { string.format(\"%.9f\", now), 0, refused_by }\nfor place = 1, buckets do\n    local level = levels[place]\n    local is_taken = refused_by == 0 and level <= rooms[place] + ") .. tostring(TOLERANCE)) .. "\n    local content = is_taken and level + intervals[place] or level\n    if is_taken or math.abs(level - kept[place]) > ") .. tostring(TOLERANCE)) .. " then\n        redis.call(\"SET\", KEYS[place], string.format(\"%.9f\", now + content), \"PX\", string.format(\"%.0f\", math.ceil(math.min(") .. tostring(LONGEST)) .. ", content) * 1000) + 1))\n    end\n    reply[place + 3] = string.format(\"%.9f\", level)\nend\nif ARGV[1] ~= \"\" then\n    local gateways = KEYS[buckets + 1]\n    redis.call(\"ZADD\", gateways, string.format(\"%.3f\", now), ARGV[1])\n    redis.call(\"ZREMRANGEBYSCORE\", gateways, \"-inf\", string.format(\"(%.3f\", now - ") .. tostring(GATEWAY_SECONDS)) .. "))\n    redis.call(\"ZREMRANGEBYSCORE\", gateways, string.format(\"%.3f\", now + ") .. tostring(JUMP_SECONDS)) .. "), \"+inf\")\n    redis.call(\"EXPIRE\", gateways, ") .. tostring(GATEWAY_SECONDS + 1)) .. ")\n    reply[2] = redis.call(\"ZCARD\", gateways)\nend\nreturn reply\n"
____exports.TEXT = TEXT
local function digest_of(text)
    local parts = {}
    local digest = ngx.sha1_bin(text)
    for place = 1, #digest do
        parts[#parts + 1] = string_format(
            "%02x",
            string_byte(digest, place)
        )
    end
    return (table_concat(parts))
end
--- Its name in Redis.
local SHA = digest_of(TEXT)
____exports.SHA = SHA
local function text_of(seconds)
    return (string_format("%.9f", seconds))
end
--- What comes after the name of the script in the command. `gateway`: its name, or "" if it called just now; `believed`: what it believes
-- Redis' clock to say. Phases: any.
local function words_of(buckets, gateways_key, gateway, believed)
    local words = {tostring(#buckets + 1)}
    for ____, ____value in ipairs(buckets) do
        local key = ____value.key
        words[#words + 1] = key
    end
    words[#words + 1] = gateways_key
    words[#words + 1] = gateway
    words[#words + 1] = text_of(believed)
    for ____, ____value in ipairs(buckets) do
        local interval = ____value.interval
        local room = ____value.room
        local seen = ____value.seen
        local is_dry_run = ____value.is_dry_run
        words[#words + 1] = text_of(interval)
        words[#words + 1] = text_of(room)
        words[#words + 1] = seen == nil and "" or text_of(seen)
        words[#words + 1] = is_dry_run and "1" or "0"
    end
    return words
end
____exports.words_of = words_of
--- The verdict in a reply to a question about so many buckets; nothing where it is none. Phases: any.
local function verdict_of(reply, buckets)
    if type(reply) ~= "table" then
        return nil
    end
    local numbers = {}
    for place = 1, buckets + 3 do
        local number = tonumber(reply[place])
        if number == nil or not (number >= 0 and number < math_huge) then
            return nil
        end
        numbers[#numbers + 1] = number
    end
    local now, gateways, refused_by = unpack(numbers, 1, 3)
    if gateways % 1 ~= 0 or gateways > MOST_GATEWAYS or refused_by % 1 ~= 0 or refused_by > buckets then
        return nil
    end
    local levels = {}
    for place = 1, buckets do
        levels[#levels + 1] = numbers[place + 2 + 1]
    end
    return {now = now, gateways = gateways, refused_by = refused_by, levels = levels}
end
____exports.verdict_of = verdict_of
return ____exports
