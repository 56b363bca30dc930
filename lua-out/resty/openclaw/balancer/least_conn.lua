local ____exports = {}
local nodes = require("resty.openclaw.balancer.node")
local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")
--- Leaves those with the least load in the first places.
local function keep_least(policy, candidates)
    local chosen = candidates.index
    local least = math.huge
    local kept = 0
    for place = 0, candidates.count - 1 do
        local index = chosen[place]
        local load = nodes.in_flight(policy.peers.nodes[index + 1]) / policy.peers.weight[index]
        if load < least then
            least = load
            kept = 0
        end
        if load == least then
            chosen[kept] = index
            kept = kept + 1
        end
    end
    candidates.count = kept
end
local function pick(self, candidates)
    keep_least(self, candidates)
    if candidates.count == 1 then
        return candidates.index[0]
    end
    return smooth_weighted.take(self.turns, candidates, self.peers.weight)
end
local function weight(self, index)
    return self.peers.weight[index]
end
local metatable = {__index = {pick = pick, weight = weight}}
--- The policy for these nodes.
local function create(peers)
    return setmetatable(
        {
            peers = peers,
            turns = smooth_weighted.new(peers.size)
        },
        metatable
    )
end
____exports.new = create
return ____exports
