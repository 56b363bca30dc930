local ____exports = {}
local ffi = require("ffi")
local read = require("resty.openclaw.options")
local shared_memory = require("resty.openclaw.shared_memory")
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
local function weight(self, index)
    local seconds = self.latency[index + 1][0]
    local learned = seconds == 0 and 1 or bucket_weight(self.buckets, seconds)
    return learned * self.peers.weight[index]
end
local function pick(self, candidates)
    for place = 0, candidates.count - 1 do
        local index = candidates.index[place]
        self.present[index] = self:weight(index)
    end
    return smooth_weighted.take(self.turns, candidates, self.present)
end
local function mix(policy, index, seconds)
    local latency = policy.latency[index + 1]
    local before = latency[0]
    latency[0] = before == 0 and seconds or before + NEW_ANSWER * (seconds - before)
end
local function succeeded(self, index, _now, seconds)
    if seconds ~= nil then
        mix(
            self,
            index,
            math.max(seconds, 0.0001)
        )
    end
end
local function failed(self, index)
    local slowest = self.buckets[#self.buckets]
    mix(self, index, 2 * slowest.below_seconds)
end
local metatable = {__index = {
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
--- The policy for these nodes. Option `buckets`: a list, rising by `below_seconds`. Raises when there is no memory left.
local function create(peers, owner, options)
    local buckets = read_buckets(owner, options)
    local latency = {}
    for ____, node in ipairs(peers.nodes) do
        local slot, err = shared_memory.slot(node.region, "latency " .. node.address)
        if slot == nil then
            error((((owner .. ": no shared memory for node ") .. node.address) .. ": ") .. err, 0)
        end
        latency[#latency + 1] = node.region.common + slot
    end
    local present = ffi.new("double[?]", peers.size)
    local fields = {
        peers = peers,
        turns = smooth_weighted.new(peers.size),
        buckets = buckets,
        latency = latency,
        present = present
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
