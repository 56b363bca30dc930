local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local tostring = tostring
local math_max = math.max
local kinds = require("resty.openclaw.config.kinds")
local kinds_list_of = kinds.list_of
local problem = require("resty.openclaw.config.problems")
local problem_add = problem.add
local ____schema = require("resty.openclaw.config.schema")
local required = ____schema.required
local table_of = ____schema.table_of
local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")
local smooth_weighted_take = smooth_weighted.take
local DEFAULT_BUCKETS = {{below_seconds = 2, weight = 3}, {below_seconds = 4, weight = 2}}
local NEW_ANSWER = 0.2
local function bucket_weight(buckets, seconds)
    for ____, bucket in ipairs(buckets) do
        if seconds < bucket.below_seconds then
            return bucket.weight
        end
    end
    return 1
end
local function weight(self, peer)
    local seconds = peer.learned.mean[0]
    local learned = seconds == 0 and 1 or bucket_weight(self.buckets, seconds)
    return learned * peer.weight
end
local function pick(self, candidates)
    for place = 0, candidates.count - 1 do
        local peer = candidates.peers[place + 1]
        peer.learned.gain = self:weight(peer, candidates.peers)
    end
    return candidates.peers[smooth_weighted_take(candidates) + 1]
end
local function mix(latency, seconds)
    local before = latency.mean[0]
    latency.mean[0] = before == 0 and seconds or before + NEW_ANSWER * (seconds - before)
end
local function succeeded(self, peer, _now, seconds)
    if seconds ~= nil then
        mix(
            peer.learned,
            math_max(seconds, 0.0001)
        )
    end
end
local function failed(self, peer)
    local slowest = self.buckets[#self.buckets]
    mix(peer.learned, 2 * slowest.below_seconds)
end
local function learn(self, peer)
    return {credit = 0, gain = 1, mean = peer.node.latency}
end
local metatable = {__index = {
    learn = learn,
    pick = pick,
    succeeded = succeeded,
    failed = failed,
    weight = weight,
    wants_seconds = true
}}
local LIST = kinds_list_of(table_of({
    below_seconds = required(kinds.positive, "upper bound of the latency, in seconds"),
    weight = required(kinds.positive, "factor of the static weight of a node whose latency is below it")
}))
--- The option `buckets`: a list, rising by `below_seconds`.
local BUCKETS = {
    name = "list",
    read = function(given, path, problems)
        local known = #problems
        local buckets = LIST.read(given, path, problems)
        if #problems > known then
            return buckets
        end
        local before = 0
        for place = 1, #buckets do
            local ____buckets_place_0 = buckets[place]
            local below_seconds = ____buckets_place_0.below_seconds
            if below_seconds <= before then
                problem_add(
                    problems,
                    ((path .. "[") .. tostring(place)) .. "].below_seconds",
                    "more than " .. tostring(before),
                    below_seconds
                )
            end
            before = below_seconds
        end
        return buckets
    end
}
____exports.BUCKETS = BUCKETS
--- The policy. Phases: init.
local function create(____bindingPattern0)
    local buckets
    buckets = ____bindingPattern0.buckets
    return setmetatable({buckets = buckets or DEFAULT_BUCKETS}, metatable)
end
____exports.new = create
return ____exports
