local ____exports = {}
local ffi = require("ffi")
local concurrency_of = require("resty.openclaw.balancer.concurrency")
local ejection = require("resty.openclaw.balancer.ejection")
local nodes = require("resty.openclaw.balancer.node")
--- Service time in seconds before any node has answered.
local FIRST_SERVICE_SECONDS = 0.05
--- nginx's clock counts milliseconds: answers within one would make a node's work look like nothing.
local LEAST_SERVICE_SECONDS = 0.0001
--- An answer makes room for itself: about 128 are remembered.
local KEEP = 1 - 1 / 128
--- A silent node's exposure grows for so many service times after its last event.
local PATIENCE = 5
--- A new node may hold so many requests more than it has answered.
local SLOW_START = 4
local QUEUEING = 3
local CROWDING = 0.2
local FAILING = 50
--- More candidates than this are sampled.
local FULL_SCAN = 64
local SAMPLE = 16
local RATE_SECONDS = 30
--- Mean seconds of work for one request in a free slot; the pool's mean counts as one answer.
local function service_seconds(xed, index)
    local exposure = xed.exposure[index] + xed.mean_service * xed.prior[index]
    return math.max(LEAST_SERVICE_SECONDS, exposure / (xed.answers[index] + 1))
end
local function note_event(xed, index, now)
    xed.event_at[index] = now
    xed.patience[index] = xed.answers[index] > 0 and PATIENCE * service_seconds(xed, index) or math.huge
end
local function fade(xed, index, seconds, over)
    local keep = math.exp(-seconds / over)
    xed.exposure[index] = xed.exposure[index] * keep
    xed.answers[index] = xed.answers[index] * keep
end
local function expose(xed, index, seconds)
    local busy = xed.in_flight[index]
    fade(xed, index, seconds, busy > 0 and xed.fading_busy or xed.fading_idle)
    if busy <= 0 then
        return
    end
    concurrency_of.spent(xed.seen, index, busy, seconds)
    xed.exposure[index] = xed.exposure[index] + math.min(busy, xed.concurrency[index]) * seconds
end
local function learn(xed, index, fresh)
    local keep = fresh == 1 and KEEP or KEEP ^ fresh
    xed.exposure[index] = xed.exposure[index] * keep
    xed.answers[index] = xed.answers[index] * keep + fresh
    concurrency_of.answered(
        xed.seen,
        index,
        math.max(1, xed.in_flight[index]),
        fresh
    )
end
--- Takes another concurrency where that has become more likely, and the service time that goes with it.
local function estimate_concurrency(xed, index)
    local value, seconds = concurrency_of.estimate(xed.seen, index)
    if value == nil or value == xed.concurrency[index] then
        return
    end
    xed.concurrency[index] = value
    xed.exposure[index] = seconds * xed.answers[index]
end
--- Reads a node's counts and folds what has changed since the last time into its estimates.
local function fold(xed, index, now)
    local node = xed.peers.nodes[index + 1]
    local in_flight = nodes.in_flight(node)
    local answered = nodes.answered(node)
    local before = xed.read_at[index]
    if before > 0 then
        local exposure = xed.exposure[index]
        local answers = xed.answers[index]
        local seconds = math.max(0, now - before)
        local fresh = answered - xed.answered[index]
        if fresh > 0 or in_flight ~= xed.in_flight[index] then
            note_event(xed, index, now)
        else
            local limit = xed.event_at[index] + xed.patience[index]
            if now > limit then
                local working = math.min(
                    seconds,
                    math.max(0, limit - before)
                )
                fade(xed, index, seconds - working, xed.fading_idle)
                seconds = working
            end
        end
        if seconds > 0 then
            expose(xed, index, seconds)
        end
        if fresh > 0 then
            learn(xed, index, fresh)
        end
        xed.sum_of_exposure = xed.sum_of_exposure + (xed.exposure[index] - exposure)
        xed.sum_of_answers = xed.sum_of_answers + (xed.answers[index] - answers)
    end
    xed.read_at[index] = now
    xed.in_flight[index] = in_flight
    xed.answered[index] = answered
end
local function cost(xed, index, now)
    local in_flight = xed.in_flight[index]
    local concurrency = xed.concurrency[index]
    local queued = math.max(0, in_flight + 1 - concurrency) / concurrency
    local delay = service_seconds(xed, index) * (1 + QUEUEING * queued + CROWDING * in_flight / concurrency)
    local phi = ejection.phi(xed.peers.nodes[index + 1].record, now)
    return delay + FAILING * xed.mean_service * phi * phi
end
local function update_mean_service(xed)
    if xed.sum_of_answers > 0 then
        xed.mean_service = xed.sum_of_exposure / xed.sum_of_answers
    end
end
--- Sums up anew what `fold` keeps up to date, before rounding adds up.
local function sum_up(xed)
    xed.sum_of_exposure = 0
    xed.sum_of_answers = 0
    for index = 0, xed.peers.size - 1 do
        xed.sum_of_exposure = xed.sum_of_exposure + xed.exposure[index]
        xed.sum_of_answers = xed.sum_of_answers + xed.answers[index]
    end
    update_mean_service(xed)
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
    return xed.in_flight[index] >= SLOW_START + xed.answered[index]
end
--- The candidate that costs least; -1 when all are starting and those do not count.
local function cheapest(xed, candidates, now, starting_too)
    local best = -1
    local best_cost = math.huge
    local ties = 0
    for place = 0, candidates.count - 1 do
        local index = candidates.index[place]
        if xed.read_at[index] ~= now then
            fold(xed, index, now)
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
    update_mean_service(self)
    note_event(self, best, now)
    self.in_flight[best] = self.in_flight[best] + 1
    return best
end
local function succeeded(self, index, now)
    fold(self, index, now)
end
--- Follows idle nodes too, and sets how fast the past fades: the slower the fewer answers there are.
local function tick(self, now)
    local answers = 0
    for index = 0, self.peers.size - 1 do
        fold(self, index, now)
        estimate_concurrency(self, index)
        answers = answers + self.answered[index]
    end
    sum_up(self)
    if self.ticked_at == 0 then
        self.started_at = now
    elseif now > self.ticked_at then
        local seconds = now - self.ticked_at
        local rate = (answers - self.ticked_answers) / seconds
        self.answer_rate = self.answer_rate + (1 - math.exp(-seconds / RATE_SECONDS)) * (rate - self.answer_rate)
        local seen = 1 - math.exp(-math.max(1, now - self.started_at) / RATE_SECONDS)
        self.fading_idle = math.min(
            600,
            math.max(
                10,
                300 / math.max(self.answer_rate / seen, 0.000001)
            )
        )
        self.fading_busy = math.max(40, 4 * self.fading_idle)
    end
    self.ticked_at = now
    self.ticked_answers = answers
end
local function capacity(xed, index)
    return xed.concurrency[index] / service_seconds(xed, index)
end
local function weight(self, index)
    local sum = 0
    for other = 0, self.peers.size - 1 do
        sum = sum + capacity(self, other)
    end
    return capacity(self, index) / sum * self.peers.size
end
local function learned_service_seconds(self, index)
    return service_seconds(self, index)
end
local function concurrent_requests(self, index)
    return self.concurrency[index]
end
local metatable = {__index = {
    pick = pick,
    succeeded = succeeded,
    tick = tick,
    weight = weight,
    service_seconds = learned_service_seconds,
    concurrent_requests = concurrent_requests
}}
local function zeros(size)
    return ffi.new("double[?]", size)
end
--- The policy for these nodes. Static weights are the first guess at how fast a node is, until it has answered.
local function create(peers)
    local size = peers.size
    local concurrency = zeros(size)
    local prior = zeros(size)
    local patience = zeros(size)
    local sum = 0
    for index = 0, size - 1 do
        sum = sum + peers.weight[index]
    end
    for index = 0, size - 1 do
        concurrency[index] = concurrency_of.FIRST
        prior[index] = sum / size / peers.weight[index]
        patience[index] = math.huge
    end
    local fields = {
        peers = peers,
        read_at = zeros(size),
        in_flight = zeros(size),
        answered = zeros(size),
        event_at = zeros(size),
        patience = patience,
        exposure = zeros(size),
        answers = zeros(size),
        concurrency = concurrency,
        seen = concurrency_of.new(size),
        prior = prior,
        sum_of_exposure = 0,
        sum_of_answers = 0,
        mean_service = FIRST_SERVICE_SECONDS,
        fading_idle = 10,
        fading_busy = 40,
        answer_rate = 0,
        ticked_at = 0,
        ticked_answers = 0,
        started_at = 0
    }
    return setmetatable(fields, metatable)
end
____exports.new = create
return ____exports
