local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_floor = math.floor
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local math_random = math.random
local straight_loop = require("resty.openclaw.core.code.straight_loop")
local straight_loop_over = straight_loop.over
local estimates_of = require("resty.openclaw.balancer.estimates")
local estimates_of_fold = estimates_of.fold
local estimates_of_list_changed = estimates_of.list_changed
local estimates_of_new = estimates_of.new
local estimates_of_none = estimates_of.none
local estimates_of_note_event = estimates_of.note_event
local estimates_of_service_seconds = estimates_of.service_seconds
local estimates_of_tick = estimates_of.tick
local estimates_of_update_mean_service = estimates_of.update_mean_service
local outlier_detection = require("resty.openclaw.balancer.outlier_detection")
local outlier_detection_phi = outlier_detection.phi
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
    local queued = math_max(0, load + 1 - concurrency) / concurrency
    local delay = estimates_of_service_seconds(estimates, peer) * (1 + QUEUEING * queued + CROWDING * load / concurrency)
    local phi = outlier_detection_phi(peer.record, now)
    return delay + FAILING * estimates.mean_service * phi * phi
end
--- Moves a random sample of the candidates to the front.
local function sample(candidates)
    local chosen = candidates.peers
    for place = 0, SAMPLE - 1 do
        local other = math_random(place, candidates.count - 1)
        local taken = chosen[other + 1]
        chosen[other + 1] = chosen[place + 1]
        chosen[place + 1] = taken
    end
    candidates.count = SAMPLE
end
--- Costs are compared in nanoseconds, up to half an hour.
local NANOSECONDS = 1000000000
local MOST_SECONDS = 2000
--- Room for the place of a candidate below its cost, and for a random number between them, which decides between equal costs.
local PLACES = FULL_SCAN
local LOTS = 64
--- The least rank so far, and the place of the next candidate.
local least_rank = math_huge
local next_place = 0
--- Ranks a candidate: one number for its cost, its lot and its place. The least of such numbers is found without a branch, so LuaJIT
-- compiles one path, whichever candidate wins.
local function rank(peer, estimates, now)
    if peer.learned.read_at ~= now then
        estimates_of_fold(estimates, peer, now)
    end
    local its_cost = math_min(
        cost(estimates, peer, now),
        MOST_SECONDS
    )
    local its_lot = math_floor(its_cost * NANOSECONDS) * LOTS + math_random(0, LOTS - 1)
    least_rank = math_min(least_rank, its_lot * PLACES + next_place)
    next_place = next_place + 1
end
local rank_all = straight_loop_over(rank)
local function pick(self, candidates, now)
    if candidates.count > FULL_SCAN then
        sample(candidates)
    end
    local estimates = self.estimates
    least_rank = math_huge
    next_place = 0
    rank_all(
        candidates.peers,
        candidates.count,
        estimates,
        now,
        nil
    )
    local best = candidates.peers[least_rank % PLACES + 1] or candidates.peers[1]
    estimates_of_update_mean_service(estimates)
    estimates_of_note_event(estimates, best, now)
    local ____best_learned_1, ____load_2 = best.learned, "load"
    ____best_learned_1[____load_2] = ____best_learned_1[____load_2] + 1
    return best
end
local function learn(self)
    return estimates_of_none()
end
local function list_changed(self, peers)
    estimates_of_list_changed(self.estimates, peers)
end
local function succeeded(self, peer, now)
    estimates_of_fold(self.estimates, peer, now)
end
local function tick(self, peers, now)
    estimates_of_tick(self.estimates, peers, now)
end
local function service_seconds(self, peer)
    return estimates_of_service_seconds(self.estimates, peer)
end
local function concurrent_requests(self, peer)
    return peer.learned.concurrency
end
--- How many requests per second the peer can handle.
local function capacity(xed, peer)
    return peer.learned.concurrency / estimates_of_service_seconds(xed.estimates, peer)
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
        {estimates = estimates_of_new()},
        metatable
    )
end
____exports.new = create
return ____exports
