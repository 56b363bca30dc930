local ____exports = {}
local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")
local function pick(self, candidates)
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
