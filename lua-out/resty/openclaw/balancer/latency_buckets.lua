local ____exports = {}
local read = require("resty.openclaw.options")
local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")
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
    return candidates.peers[smooth_weighted.take(candidates) + 1]
end
local function mix(latency, seconds)
    local before = latency.mean[0]
    latency.mean[0] = before == 0 and seconds or before + NEW_ANSWER * (seconds - before)
end
local function succeeded(self, peer, _now, seconds)
    if seconds ~= nil then
        mix(
            peer.learned,
            math.max(seconds, 0.0001)
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
local function read_buckets(owner, options)
    if options.buckets == nil then
        return DEFAULT_BUCKETS
    end
    local buckets = {}
    for ____, entry in ipairs(read.list(owner, options, "buckets")) do
        local where = (owner .. ": bucket ") .. tostring(#buckets + 1)
        local given = read.check(where, entry, {"below_seconds", "weight"})
        local ____opt_0 = buckets[#buckets]
        local before = ____opt_0 and ____opt_0.below_seconds or 0
        local below_seconds = read.positive(where, given, "below_seconds")
        if below_seconds <= before then
            read.refuse(
                where,
                "below_seconds",
                "more than " .. tostring(before),
                below_seconds
            )
        end
        buckets[#buckets + 1] = {
            below_seconds = below_seconds,
            weight = read.positive(where, given, "weight")
        }
    end
    return buckets
end
--- The policy. Option `buckets`: a list, rising by `below_seconds`. Raises when that is wrong. Phases: init.
local function create(owner, options)
    return setmetatable(
        {buckets = read_buckets(owner, options)},
        metatable
    )
end
____exports.new = create
return ____exports
