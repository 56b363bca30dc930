local ____exports = {}
local setmetatable = setmetatable
local math_huge = math.huge
local nodes = require("resty.openclaw.balancer.node")
local nodes_in_flight = nodes.in_flight
local smooth_weighted = require("resty.openclaw.balancer.smooth_weighted")
local smooth_weighted_none = smooth_weighted.none
local smooth_weighted_take = smooth_weighted.take
--- Moves those with the least load to the first places.
local function keep_least(candidates)
    local peers = candidates.peers
    local least = math_huge
    local kept = 0
    for place = 0, candidates.count - 1 do
        local peer = peers[place + 1]
        local load = nodes_in_flight(peer.node) / peer.weight
        if load < least then
            least = load
            kept = 0
        end
        if load == least then
            peer.learned.gain = peer.weight
            peers[place + 1] = peers[kept + 1]
            peers[kept + 1] = peer
            kept = kept + 1
        end
    end
    candidates.count = kept
end
local function learn(self)
    return smooth_weighted_none()
end
local function pick(self, candidates)
    keep_least(candidates)
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
