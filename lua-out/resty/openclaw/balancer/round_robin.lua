local ____exports = {}
local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")
local function learn(self)
    return smooth_weighted.none()
end
local function pick(self, candidates)
    for place = 0, candidates.count - 1 do
        local peer = candidates.peers[place + 1]
        peer.learned.gain = peer.weight
    end
    return candidates.peers[smooth_weighted.take(candidates) + 1]
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
