local ____exports = {}
local math_huge = math.huge
local math_max = math.max
local clock = require("resty.openclaw.core.time.clock")
local clock_now = clock.now
--- A reply takes some time, so that the largest difference is the best: the known one is corrected so often at most.
local SECONDS_BETWEEN_CORRECTIONS = 10
--- Smaller differences are of no matter.
local LEAST = 0.002
--- No reply takes as long: Redis' clock was set.
local MOST = 1
--- `key`: where the dict has it. Phases: init.
local function create(dict, key)
    return {dict = dict, key = key, largest = -math_huge, compare_at = 0}
end
____exports.new = create
--- Seconds that Redis' clock is ahead; 0 if Redis has never replied. Phases: any but init.
local function ahead(of)
    local known = of.dict:get(of.key)
    return known or 0
end
____exports.ahead = ahead
--- Learns from a reply what Redis' clock has just said, and returns the seconds that it is ahead. Phases: any but init.
local function learn(of, redis_now)
    local now = clock_now()
    local seen = redis_now - now
    local known = of.dict:get(of.key)
    of.largest = math_max(of.largest, seen)
    local corrected = known
    local is_first = of.compare_at == 0
    if known == nil or seen > known or seen < known - MOST then
        corrected = seen
    elseif not is_first and now >= of.compare_at and of.largest < known - LEAST then
        corrected = of.largest
    end
    if corrected ~= known or now >= of.compare_at then
        of.largest = -math_huge
        of.compare_at = now + SECONDS_BETWEEN_CORRECTIONS
    end
    if corrected ~= known then
        of.dict:set(of.key, corrected)
    end
    return corrected
end
____exports.learn = learn
return ____exports
