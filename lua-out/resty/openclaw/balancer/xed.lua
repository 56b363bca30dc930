local ____exports = {}
local estimates_of = require("resty.openclaw.balancer.estimates")
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local QUEUEING = 3
local CROWDING = 0.2
local FAILING = 50
--- Of more candidates than this, only a random sample is compared.
local FULL_SCAN = 64
local SAMPLE = 16
local function cost(estimates, peer, now)
    local ____peer_learned_0 = peer.learned
    local load = ____peer_learned_0.load
    local concurrency = ____peer_learned_0.concurrency
    local queued = math.max(0, load + 1 - concurrency) / concurrency
    local delay = estimates_of.service_seconds(estimates, peer) * (1 + QUEUEING * queued + CROWDING * load / concurrency)
    local phi = outlier_detection.phi(peer.record, now)
    return delay + FAILING * estimates.mean_service * phi * phi
end
--- Moves a random sample of the candidates to the front.
local function sample(candidates)
    local chosen = candidates.peers
    for place = 0, SAMPLE - 1 do
        local other = math.random(place, candidates.count - 1)
        local taken = chosen[other + 1]
        chosen[other + 1] = chosen[place + 1]
        chosen[place + 1] = taken
    end
    candidates.count = SAMPLE
end
local function pick(self, candidates, now)
    if candidates.count > FULL_SCAN then
        sample(candidates)
    end
    local estimates = self.estimates
    local best = candidates.peers[1]
    local best_cost = math.huge
    local ties = 0
    for place = 0, candidates.count - 1 do
        local peer = candidates.peers[place + 1]
        if peer.learned.read_at ~= now then
            estimates_of.fold(estimates, peer, now)
        end
        local its_cost = cost(estimates, peer, now)
        if its_cost < best_cost then
            best = peer
            best_cost = its_cost
            ties = 1
        elseif its_cost == best_cost then
            ties = ties + 1
            if math.random(ties) == 1 then
                best = peer
            end
        end
    end
    estimates_of.update_mean_service(estimates)
    estimates_of.note_event(estimates, best, now)
    local ____best_learned_1, ____load_2 = best.learned, "load"
    ____best_learned_1[____load_2] = ____best_learned_1[____load_2] + 1
    return best
end
local function learn(self)
    return estimates_of.none()
end
local function list_changed(self, peers)
    estimates_of.list_changed(self.estimates, peers)
end
local function succeeded(self, peer, now)
    estimates_of.fold(self.estimates, peer, now)
end
local function tick(self, peers, now)
    estimates_of.tick(self.estimates, peers, now)
end
local function service_seconds(self, peer)
    return estimates_of.service_seconds(self.estimates, peer)
end
local function concurrent_requests(self, peer)
    return peer.learned.concurrency
end
--- How many requests per second the peer can handle.
local function capacity(xed, peer)
    return peer.learned.concurrency / estimates_of.service_seconds(xed.estimates, peer)
end
local function weight(self, peer, peers)
    local sum = 0
    for ____, other in ipairs(peers) do
        sum = sum + capacity(self, other)
    end
    return capacity(self, peer) / sum * #peers
end
local metatable = {__index = {
    learn = learn,
    list_changed = list_changed,
    pick = pick,
    succeeded = succeeded,
    tick = tick,
    weight = weight,
    service_seconds = service_seconds,
    concurrent_requests = concurrent_requests
}}
--- The policy. Phases: init.
local function create()
    return setmetatable(
        {estimates = estimates_of.new()},
        metatable
    )
end
____exports.new = create
return ____exports
