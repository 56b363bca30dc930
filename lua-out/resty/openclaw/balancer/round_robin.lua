local ____exports = {}
local setmetatable = setmetatable
local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")
local smooth_weighted_none = smooth_weighted.none
local smooth_weighted_take = smooth_weighted.take
local function learn(self)
    return smooth_weighted_none()
end
local function pick(self, candidates)
    for place = 0, candidates.count - 1 do
        local peer = candidates.peers[place + 1]
        peer.learned.gain = peer.weight
    end
    return candidates.peers[smooth_weighted_take(candidates) + 1]
end
local function weight(self, peer)
    return peer.weight
end
local metatable = {__index = {learn = learn, pick = pick, weight = weight}}
--- The policy. Phases: init.
local function create()
    return setmetatable({}, metatable)
end
____exports.new = create
return ____exports
