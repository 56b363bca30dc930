local ____exports = {}
local ipairs = ipairs
local math_exp = math.exp
local math_huge = math.huge
local math_max = math.max
local math_min = math.min
local concurrency_of = require("resty.openclaw.balancer.concurrency")
local concurrency_of_FIRST = concurrency_of.FIRST
local concurrency_of_answered = concurrency_of.answered
local concurrency_of_estimate = concurrency_of.estimate
local concurrency_of_new = concurrency_of.new
local concurrency_of_spent = concurrency_of.spent
local nodes = require("resty.openclaw.balancer.node")
local nodes_done = nodes.done
local nodes_is_quiet = nodes.is_quiet
local nodes_load = nodes.load
local warm_start = require("resty.openclaw.balancer.warm_start")
local warm_start_load = warm_start.load
local warm_start_save = warm_start.save
--- Service time in seconds before any peer has answered.
local FIRST_SERVICE_SECONDS = 0.05
--- nginx's clock has a resolution of a millisecond: faster answers would seem to take no time.
local LEAST_SERVICE_SECONDS = 0.0001
--- What each answer leaves of the former ones: about 128 are remembered.
local KEEP = 1 - 1 / 128
--- After its last event the exposure of a peer grows for so many service times.
local PATIENCE = 5
--- The time constant of the mean rate of answers.
local RATE_SECONDS = 30
--- After so many answers a worker saves a warm start; a worker that loads it counts it as so many answers.
local ANSWERS_TO_SHARE = 20
--- An idle peer is quiet so many seconds after its last request; then it is looked at once in so many seconds.
local QUIET_SECONDS = 1
local QUIET_TICK_SECONDS = 30
--- Mean seconds of work for one request in a free slot. The mean over all peers counts as one answer, divided by the peer's static
-- weight: the user's guess of its speed. Phases: any.
local function service_seconds(all, peer)
    local estimate = peer.learned
    local exposure = estimate.exposure + all.mean_service * all.mean_weight / peer.weight
    local seconds = math_max(exposure / (estimate.answers + 1), LEAST_SERVICE_SECONDS)
    return seconds
end
____exports.service_seconds = service_seconds
--- Records that something happened at the peer. Phases: any.
local function note_event(all, peer, now)
    local estimate = peer.learned
    estimate.event_at = now
    estimate.patience = estimate.answers > 0 and PATIENCE * service_seconds(all, peer) or math_huge
end
____exports.note_event = note_event
local function fade(estimate, seconds, over)
    local keep = math_exp(-seconds / over)
    estimate.exposure = estimate.exposure * keep
    estimate.answers = estimate.answers * keep
end
local function expose(all, estimate, seconds)
    local busy = estimate.load
    fade(estimate, seconds, busy > 0 and all.fading_busy or all.fading_idle)
    if busy <= 0 then
        return
    end
    concurrency_of_spent(estimate.seen, busy, seconds)
    estimate.exposure = estimate.exposure + math_min(busy, estimate.concurrency) * seconds
end
local function learn(estimate, fresh)
    local keep = fresh == 1 and KEEP or KEEP ^ fresh
    estimate.exposure = estimate.exposure * keep
    estimate.answers = estimate.answers * keep + fresh
    concurrency_of_answered(
        estimate.seen,
        math_max(1, estimate.load),
        fresh
    )
end
--- Takes another concurrency if that has become more likely, with the service time that belongs to it.
local function estimate_concurrency(estimate)
    local best, service = concurrency_of_estimate(estimate.seen)
    if best == nil or best == estimate.concurrency then
        return
    end
    estimate.concurrency = best
    estimate.exposure = service * estimate.answers
end
--- Begins with what another worker has learned in the last minute, if there is one.
local function load_warm_start(peer, now)
    local service, concurrency = warm_start_load(peer.warm_start, peer.known_start, now)
    if service == nil then
        return
    end
    local estimate = peer.learned
    estimate.exposure = service * ANSWERS_TO_SHARE
    estimate.answers = ANSWERS_TO_SHARE
    estimate.concurrency = concurrency
end
local function save_warm_start(peer, now)
    local ____peer_learned_0 = peer.learned
    local exposure = ____peer_learned_0.exposure
    local answers = ____peer_learned_0.answers
    local concurrency = ____peer_learned_0.concurrency
    if answers < ANSWERS_TO_SHARE then
        return
    end
    warm_start_save(
        peer.warm_start,
        peer.known_start,
        now,
        exposure / answers,
        concurrency
    )
end
--- Reads a peer's counts and updates its estimate by what has changed since the last time. Phases: any.
local function fold(all, peer, now)
    local estimate = peer.learned
    local load = nodes_load(peer.node)
    local done = nodes_done(peer.node)
    local before = estimate.read_at
    if before ~= nil then
        local exposure = estimate.exposure
        local answers = estimate.answers
        local seconds = math_max(0, now - before)
        local fresh = done - estimate.done
        if fresh > 0 or load ~= estimate.load then
            note_event(all, peer, now)
        else
            local limit = (estimate.event_at or before) + estimate.patience
            if now > limit then
                local working = math_min(
                    seconds,
                    math_max(0, limit - before)
                )
                fade(estimate, seconds - working, all.fading_idle)
                seconds = working
            end
        end
        if seconds > 0 then
            expose(all, estimate, seconds)
        end
        if fresh > 0 then
            learn(estimate, fresh)
            all.fresh_answers = all.fresh_answers + fresh
        end
        all.sum_of_exposure = all.sum_of_exposure + (estimate.exposure - exposure)
        all.sum_of_answers = all.sum_of_answers + (estimate.answers - answers)
    else
        load_warm_start(peer, now)
    end
    estimate.read_at = now
    estimate.load = load
    estimate.done = done
end
____exports.fold = fold
--- Updates the mean over all peers. Phases: any.
local function update_mean_service(all)
    if all.sum_of_answers > 0 then
        all.mean_service = all.sum_of_exposure / all.sum_of_answers
    end
end
____exports.update_mean_service = update_mean_service
--- Computes the sums again: rounding errors add up, and peers come and go.
local function sum_up(all, list)
    all.sum_of_exposure = 0
    all.sum_of_answers = 0
    for ____, peer in ipairs(list) do
        all.sum_of_exposure = all.sum_of_exposure + peer.learned.exposure
        all.sum_of_answers = all.sum_of_answers + peer.learned.answers
    end
    update_mean_service(all)
end
--- Applies another list of peers. Phases: any.
local function list_changed(all, list)
    local sum = 0
    for ____, peer in ipairs(list) do
        sum = sum + peer.weight
    end
    all.mean_weight = #list > 0 and sum / #list or 1
    sum_up(all, list)
end
____exports.list_changed = list_changed
--- Whether all peers are idle and quiet, and were looked at lately.
local function are_quiet(all, list, now)
    if all.ticked_at == nil or now - all.ticked_at >= QUIET_TICK_SECONDS then
        return false
    end
    for ____, peer in ipairs(list) do
        local ____peer_learned_1 = peer.learned
        local read_at = ____peer_learned_1.read_at
        local load = ____peer_learned_1.load
        if read_at == nil or load ~= 0 or not nodes_is_quiet(peer.node, now, QUIET_SECONDS) then
            return false
        end
    end
    return true
end
--- Updates the estimates of all peers, idle ones included, and how fast they fade: the fewer answers, the slower. To be called ten
-- times a second. Phases: any.
local function tick(all, list, now)
    if are_quiet(all, list, now) then
        return
    end
    for ____, peer in ipairs(list) do
        fold(all, peer, now)
        estimate_concurrency(peer.learned)
        save_warm_start(peer, now)
    end
    sum_up(all, list)
    if all.started_at == nil then
        all.started_at = now
    end
    local seconds = all.ticked_at == nil and 0 or now - all.ticked_at
    if seconds > 0 then
        local rate = all.fresh_answers / seconds
        all.answer_rate = all.answer_rate + (1 - math_exp(-seconds / RATE_SECONDS)) * (rate - all.answer_rate)
        local seen = 1 - math_exp(-math_max(1, now - all.started_at) / RATE_SECONDS)
        all.fading_idle = math_min(
            600,
            math_max(
                10,
                300 / math_max(all.answer_rate / seen, 0.000001)
            )
        )
        all.fading_busy = math_max(40, 4 * all.fading_idle)
    end
    all.ticked_at = now
    all.fresh_answers = 0
end
____exports.tick = tick
--- The estimate of an unknown peer. Phases: any.
local function none()
    return {
        read_at = nil,
        load = 0,
        done = 0,
        event_at = nil,
        patience = math_huge,
        exposure = 0,
        answers = 0,
        concurrency = concurrency_of_FIRST,
        seen = concurrency_of_new()
    }
end
____exports.none = none
--- Estimates without any peer. Phases: any.
local function create()
    return {
        sum_of_exposure = 0,
        sum_of_answers = 0,
        mean_service = FIRST_SERVICE_SECONDS,
        mean_weight = 1,
        fading_idle = 10,
        fading_busy = 40,
        answer_rate = 0,
        ticked_at = nil,
        started_at = nil,
        fresh_answers = 0
    }
end
____exports.new = create
return ____exports
