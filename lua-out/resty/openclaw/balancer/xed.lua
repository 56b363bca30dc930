local ____exports = {}
local ejection = require("resty.openclaw.balancer.ejection")
local estimates_of = require("resty.openclaw.balancer.estimates")
--- A new node may hold so many requests more than it has answered.
local SLOW_START = 4
local QUEUEING = 3
local CROWDING = 0.2
local FAILING = 50
--- More candidates than this are sampled.
local FULL_SCAN = 64
local SAMPLE = 16
local function cost(xed, index, now)
    local estimates = xed.estimates
    local in_flight = estimates.in_flight[index]
    local concurrency = estimates.concurrency[index]
    local queued = math.max(0, in_flight + 1 - concurrency) / concurrency
    local delay = estimates_of.service_seconds(estimates, index) * (1 + QUEUEING * queued + CROWDING * in_flight / concurrency)
    local phi = ejection.phi(xed.peers.nodes[index + 1].record, now)
    return delay + FAILING * estimates.mean_service * phi * phi
end
--- Leaves a random sample in the first places; what was there goes further back.
local function sample(candidates)
    local chosen = candidates.index
    for place = 0, SAMPLE - 1 do
        local other = math.random(place, candidates.count - 1)
        local taken = chosen[other]
        chosen[other] = chosen[place]
        chosen[place] = taken
    end
    candidates.count = SAMPLE
end
local function is_starting(xed, index)
    local ____xed_estimates_0 = xed.estimates
    local in_flight = ____xed_estimates_0.in_flight
    local answered = ____xed_estimates_0.answered
    return in_flight[index] >= SLOW_START + answered[index]
end
--- The candidate that costs least; -1 when all are starting and those do not count.
local function cheapest(xed, candidates, now, starting_too)
    local estimates = xed.estimates
    local best = -1
    local best_cost = math.huge
    local ties = 0
    for place = 0, candidates.count - 1 do
        local index = candidates.index[place]
        if estimates.read_at[index] ~= now then
            estimates_of.fold(estimates, index, now)
        end
        local its_cost = (starting_too or not is_starting(xed, index)) and cost(xed, index, now) or math.huge
        if its_cost < best_cost then
            best = index
            best_cost = its_cost
            ties = 1
        elseif its_cost == best_cost and its_cost < math.huge then
            ties = ties + 1
            if math.random(ties) == 1 then
                best = index
            end
        end
    end
    return best
end
local function pick(self, candidates, now)
    if candidates.count > FULL_SCAN then
        sample(candidates)
    end
    local best = cheapest(self, candidates, now, false)
    if best < 0 then
        best = cheapest(self, candidates, now, true)
    end
    if best < 0 then
        best = candidates.index[0]
    end
    local estimates = self.estimates
    estimates_of.update_mean_service(estimates)
    estimates_of.note_event(estimates, best, now)
    estimates.in_flight[best] = estimates.in_flight[best] + 1
    return best
end
local function succeeded(self, index, now)
    estimates_of.fold(self.estimates, index, now)
end
local function tick(self, now)
    estimates_of.tick(self.estimates, now)
end
local function service_seconds(self, index)
    return estimates_of.service_seconds(self.estimates, index)
end
local function concurrent_requests(self, index)
    return self.estimates.concurrency[index]
end
--- How many requests a second the node could do.
local function capacity(xed, index)
    return xed.estimates.concurrency[index] / estimates_of.service_seconds(xed.estimates, index)
end
local function weight(self, index)
    local sum = 0
    for other = 0, self.peers.size - 1 do
        sum = sum + capacity(self, other)
    end
    return capacity(self, index) / sum * self.peers.size
end
local metatable = {__index = {
    pick = pick,
    succeeded = succeeded,
    tick = tick,
    weight = weight,
    service_seconds = service_seconds,
    concurrent_requests = concurrent_requests
}}
--- The policy for these nodes. Phases: init.
local function create(peers)
    return setmetatable(
        {
            peers = peers,
            estimates = estimates_of.new(peers)
        },
        metatable
    )
end
____exports.new = create
return ____exports
