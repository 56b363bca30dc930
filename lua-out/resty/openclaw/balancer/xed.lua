local ____exports = {}
local ipairs = ipairs
local setmetatable = setmetatable
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local math_random = math.random
local ffi = require("ffi")
local ffi_new = ffi.new
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
--- The candidate with the least cost is found without a branch, so that LuaJIT compiles one path, whichever wins: first the least cost, then
-- the least rank, which is a random number for candidates of that cost and far more for all others.
local costs = ffi_new("double[?]", FULL_SCAN)
local least_cost = math_huge
local least_rank = math_huge
local next_place = 0
--- Makes more than OTHERS of any difference of two costs.
local STEEP = 1e+300
local OTHERS = 2 ^ 40
local LOTS = 2 ^ 20
local PLACES = FULL_SCAN
local function find_cost(peer, estimates, now)
    if peer.learned.read_at ~= now then
        estimates_of_fold(estimates, peer, now)
    end
    local its_cost = cost(estimates, peer, now)
    if its_cost ~= its_cost then
        its_cost = math_huge
    end
    costs[next_place] = its_cost
    least_cost = math_min(least_cost, its_cost)
    next_place = next_place + 1
end
local function rank()
    local behind = math_min((costs[next_place] - least_cost) * STEEP, OTHERS)
    local its_rank = (behind + math_random(0, LOTS - 1)) * PLACES + next_place
    least_rank = math_min(least_rank, its_rank)
    next_place = next_place + 1
end
local find_costs = straight_loop_over(find_cost)
local rank_all = straight_loop_over(rank)
--- The place of the candidate with the least cost; of several one by chance. The first if no cost is finite.
local function find_best(candidates, estimates, now)
    local ____candidates_1 = candidates
    local peers = ____candidates_1.peers
    local count = ____candidates_1.count
    least_cost = math_huge
    next_place = 0
    find_costs(
        peers,
        count,
        estimates,
        now,
        nil
    )
    if least_cost == math_huge then
        return 0
    end
    least_rank = math_huge
    next_place = 0
    rank_all(
        peers,
        count,
        nil,
        nil,
        nil
    )
    return least_rank % PLACES
end
local function pick(self, candidates, now)
    if candidates.count > FULL_SCAN then
        sample(candidates)
    end
    local estimates = self.estimates
    local best = candidates.peers[find_best(candidates, estimates, now) + 1]
    estimates_of_update_mean_service(estimates)
    estimates_of_note_event(estimates, best, now)
    local ____best_learned_2, ____load_3 = best.learned, "load"
    ____best_learned_2[____load_3] = ____best_learned_2[____load_3] + 1
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
