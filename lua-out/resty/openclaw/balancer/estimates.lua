local ____exports = {}
local ffi = require("ffi")
local concurrency_of = require("resty.openclaw.balancer.concurrency")
local nodes = require("resty.openclaw.balancer.node")
--- Service time in seconds before any node has answered.
local FIRST_SERVICE_SECONDS = 0.05
--- nginx's clock counts milliseconds: answers within one would make a node's work look like nothing.
local LEAST_SERVICE_SECONDS = 0.0001
--- An answer makes room for itself: about 128 are remembered.
local KEEP = 1 - 1 / 128
--- A silent node's exposure grows for so many service times after its last event.
local PATIENCE = 5
--- The rate of answers is a mean over so many seconds.
local RATE_SECONDS = 30
--- Mean seconds of work for one request in a free slot; the pool's mean counts as one answer. Phases: any.
function ____exports.service_seconds(estimates, index)
    local exposure = estimates.exposure[index] + estimates.mean_service * estimates.prior[index]
    local seconds = exposure / (estimates.answers[index] + 1)
    return seconds > LEAST_SERVICE_SECONDS and seconds or LEAST_SERVICE_SECONDS
end
--- Notes that something happened at the node: its silence counts as work from now on. Phases: any.
function ____exports.note_event(estimates, index, now)
    estimates.event_at[index] = now
    estimates.patience[index] = estimates.answers[index] > 0 and PATIENCE * ____exports.service_seconds(estimates, index) or math.huge
end
local function fade(estimates, index, seconds, over)
    local keep = math.exp(-seconds / over)
    estimates.exposure[index] = estimates.exposure[index] * keep
    estimates.answers[index] = estimates.answers[index] * keep
end
local function expose(estimates, index, seconds)
    local busy = estimates.in_flight[index]
    fade(estimates, index, seconds, busy > 0 and estimates.fading_busy or estimates.fading_idle)
    if busy <= 0 then
        return
    end
    concurrency_of.spent(estimates.seen, index, busy, seconds)
    estimates.exposure[index] = estimates.exposure[index] + math.min(busy, estimates.concurrency[index]) * seconds
end
local function learn(estimates, index, fresh)
    local keep = fresh == 1 and KEEP or KEEP ^ fresh
    estimates.exposure[index] = estimates.exposure[index] * keep
    estimates.answers[index] = estimates.answers[index] * keep + fresh
    concurrency_of.answered(
        estimates.seen,
        index,
        math.max(1, estimates.in_flight[index]),
        fresh
    )
end
--- Takes another concurrency where that has become more likely, and the service time that goes with it.
local function estimate_concurrency(estimates, index)
    local value, seconds = concurrency_of.estimate(estimates.seen, index)
    if value == nil or value == estimates.concurrency[index] then
        return
    end
    estimates.concurrency[index] = value
    estimates.exposure[index] = seconds * estimates.answers[index]
end
--- Reads a node's counts and folds what has changed since the last time into its estimates. Phases: any.
function ____exports.fold(estimates, index, now)
    local node = estimates.peers.nodes[index + 1]
    local in_flight = nodes.in_flight(node)
    local answered = nodes.answered(node)
    local before = estimates.read_at[index]
    if before > 0 then
        local exposure = estimates.exposure[index]
        local answers = estimates.answers[index]
        local seconds = math.max(0, now - before)
        local fresh = answered - estimates.answered[index]
        if fresh > 0 or in_flight ~= estimates.in_flight[index] then
            ____exports.note_event(estimates, index, now)
        else
            local limit = estimates.event_at[index] + estimates.patience[index]
            if now > limit then
                local working = math.min(
                    seconds,
                    math.max(0, limit - before)
                )
                fade(estimates, index, seconds - working, estimates.fading_idle)
                seconds = working
            end
        end
        if seconds > 0 then
            expose(estimates, index, seconds)
        end
        if fresh > 0 then
            learn(estimates, index, fresh)
        end
        estimates.sum_of_exposure = estimates.sum_of_exposure + (estimates.exposure[index] - exposure)
        estimates.sum_of_answers = estimates.sum_of_answers + (estimates.answers[index] - answers)
    end
    estimates.read_at[index] = now
    estimates.in_flight[index] = in_flight
    estimates.answered[index] = answered
end
--- Brings the mean over all nodes up to date. Phases: any.
function ____exports.update_mean_service(estimates)
    if estimates.sum_of_answers > 0 then
        estimates.mean_service = estimates.sum_of_exposure / estimates.sum_of_answers
    end
end
--- Sums up anew what `fold` keeps up to date, before rounding adds up.
local function sum_up(estimates)
    estimates.sum_of_exposure = 0
    estimates.sum_of_answers = 0
    for index = 0, estimates.peers.size - 1 do
        estimates.sum_of_exposure = estimates.sum_of_exposure + estimates.exposure[index]
        estimates.sum_of_answers = estimates.sum_of_answers + estimates.answers[index]
    end
    ____exports.update_mean_service(estimates)
end
--- Follows idle nodes too, and sets how fast the past fades: the slower the fewer answers there are. To be called ten
-- times a second. Phases: any.
function ____exports.tick(estimates, now)
    local answers = 0
    for index = 0, estimates.peers.size - 1 do
        ____exports.fold(estimates, index, now)
        estimate_concurrency(estimates, index)
        answers = answers + estimates.answered[index]
    end
    sum_up(estimates)
    if estimates.ticked_at == 0 then
        estimates.started_at = now
    elseif now > estimates.ticked_at then
        local seconds = now - estimates.ticked_at
        local rate = (answers - estimates.ticked_answers) / seconds
        estimates.answer_rate = estimates.answer_rate + (1 - math.exp(-seconds / RATE_SECONDS)) * (rate - estimates.answer_rate)
        local seen = 1 - math.exp(-math.max(1, now - estimates.started_at) / RATE_SECONDS)
        estimates.fading_idle = math.min(
            600,
            math.max(
                10,
                300 / math.max(estimates.answer_rate / seen, 0.000001)
            )
        )
        estimates.fading_busy = math.max(40, 4 * estimates.fading_idle)
    end
    estimates.ticked_at = now
    estimates.ticked_answers = answers
end
local function zeros(size)
    return ffi.new("double[?]", size)
end
--- Estimates for these nodes. Static weights are the first guess at how fast a node is, until it has answered.
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
    return {
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
end
____exports.new = create
return ____exports
