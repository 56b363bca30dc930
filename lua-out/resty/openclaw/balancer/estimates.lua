local ____exports = {}
local concurrency_of = require("resty.openclaw.balancer.concurrency")
local lessons = require("resty.openclaw.balancer.lesson")
local nodes = require("resty.openclaw.balancer.node")
--- Service time in seconds before any peer has answered.
local FIRST_SERVICE_SECONDS = 0.05
--- nginx's clock counts milliseconds: answers within one would make a peer's work look like nothing.
local LEAST_SERVICE_SECONDS = 0.0001
--- An answer makes room for itself: about 128 are remembered.
local KEEP = 1 - 1 / 128
--- A silent peer's exposure grows for so many service times after its last event.
local PATIENCE = 5
--- The rate of answers is a mean over so many seconds.
local RATE_SECONDS = 30
--- With so many answers a worker knows enough to teach others; for them it counts as so many.
local ANSWERS_TO_TEACH = 20
--- So long after the last request, in seconds, an idle peer is quiet: looked at so often.
local QUIET_SECONDS = 1
local QUIET_TICK_SECONDS = 30
--- Mean seconds of work for one request in a free slot. The mean over all peers counts as one answer; a static weight says
-- how much faster than the mean the user takes the peer to be. Phases: any.
function ____exports.service_seconds(all, peer)
    local estimate = peer.learned
    local exposure = estimate.exposure + all.mean_service * all.mean_weight / peer.weight
    local seconds = exposure / (estimate.answers + 1)
    return seconds > LEAST_SERVICE_SECONDS and seconds or LEAST_SERVICE_SECONDS
end
--- Notes that something happened at the peer: its silence counts as work from now on. Phases: any.
function ____exports.note_event(all, peer, now)
    local estimate = peer.learned
    estimate.event_at = now
    estimate.patience = estimate.answers > 0 and PATIENCE * ____exports.service_seconds(all, peer) or math.huge
end
local function fade(estimate, seconds, over)
    local keep = math.exp(-seconds / over)
    estimate.exposure = estimate.exposure * keep
    estimate.answers = estimate.answers * keep
end
local function expose(all, estimate, seconds)
    local busy = estimate.load
    fade(estimate, seconds, busy > 0 and all.fading_busy or all.fading_idle)
    if busy <= 0 then
        return
    end
    concurrency_of.spent(estimate.seen, busy, seconds)
    estimate.exposure = estimate.exposure + math.min(busy, estimate.concurrency) * seconds
end
local function learn(estimate, fresh)
    local keep = fresh == 1 and KEEP or KEEP ^ fresh
    estimate.exposure = estimate.exposure * keep
    estimate.answers = estimate.answers * keep + fresh
    concurrency_of.answered(
        estimate.seen,
        math.max(1, estimate.load),
        fresh
    )
end
--- Takes another concurrency where that has become more likely, and the service time that goes with it.
local function estimate_concurrency(estimate)
    local best, service = concurrency_of.estimate(estimate.seen)
    if best == nil or best == estimate.concurrency then
        return
    end
    estimate.concurrency = best
    estimate.exposure = service * estimate.answers
end
--- Begins with what another worker has learned lately, if there is one.
local function take_lesson(peer, now)
    local service, concurrency = lessons.take(peer.lesson, peer.known_beginning, now)
    if service == nil then
        return
    end
    local estimate = peer.learned
    estimate.exposure = service * ANSWERS_TO_TEACH
    estimate.answers = ANSWERS_TO_TEACH
    estimate.concurrency = concurrency
end
local function leave_lesson(peer, now)
    local ____peer_learned_0 = peer.learned
    local exposure = ____peer_learned_0.exposure
    local answers = ____peer_learned_0.answers
    local concurrency = ____peer_learned_0.concurrency
    if answers < ANSWERS_TO_TEACH then
        return
    end
    lessons.leave(
        peer.lesson,
        peer.known_beginning,
        now,
        exposure / answers,
        concurrency
    )
end
--- Reads a peer's counts and folds what has changed since the last time into its estimate. Phases: any.
function ____exports.fold(all, peer, now)
    local estimate = peer.learned
    local load = nodes.load(peer.node)
    local done = nodes.done(peer.node)
    local before = estimate.read_at
    if before > 0 then
        local exposure = estimate.exposure
        local answers = estimate.answers
        local seconds = math.max(0, now - before)
        local fresh = done - estimate.done
        if fresh > 0 or load ~= estimate.load then
            ____exports.note_event(all, peer, now)
        else
            local limit = estimate.event_at + estimate.patience
            if now > limit then
                local working = math.min(
                    seconds,
                    math.max(0, limit - before)
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
        take_lesson(peer, now)
    end
    estimate.read_at = now
    estimate.load = load
    estimate.done = done
end
--- Brings the mean over all peers up to date. Phases: any.
function ____exports.update_mean_service(all)
    if all.sum_of_answers > 0 then
        all.mean_service = all.sum_of_exposure / all.sum_of_answers
    end
end
--- Sums up anew what `fold` keeps up to date: rounding adds up, and peers come and go.
local function sum_up(all, list)
    all.sum_of_exposure = 0
    all.sum_of_answers = 0
    for ____, peer in ipairs(list) do
        all.sum_of_exposure = all.sum_of_exposure + peer.learned.exposure
        all.sum_of_answers = all.sum_of_answers + peer.learned.answers
    end
    ____exports.update_mean_service(all)
end
--- Takes the weights of another list of peers. Phases: any.
function ____exports.list_changed(all, list)
    local sum = 0
    for ____, peer in ipairs(list) do
        sum = sum + peer.weight
    end
    all.mean_weight = #list > 0 and sum / #list or 1
    sum_up(all, list)
end
--- Whether nothing has happened at any peer since the last look, nor goes on there.
local function are_quiet(all, list, now)
    if math.abs(now - all.ticked_at) >= QUIET_TICK_SECONDS then
        return false
    end
    for ____, peer in ipairs(list) do
        local ____peer_learned_1 = peer.learned
        local read_at = ____peer_learned_1.read_at
        local load = ____peer_learned_1.load
        if read_at == 0 or load ~= 0 or not nodes.is_quiet(peer.node, now, QUIET_SECONDS) then
            return false
        end
    end
    return true
end
--- Follows idle peers too, and sets how fast the past fades: the slower the fewer answers there are. To be called ten
-- times a second. Phases: any.
function ____exports.tick(all, list, now)
    if are_quiet(all, list, now) then
        return
    end
    for ____, peer in ipairs(list) do
        ____exports.fold(all, peer, now)
        estimate_concurrency(peer.learned)
        leave_lesson(peer, now)
    end
    sum_up(all, list)
    if all.ticked_at == 0 then
        all.started_at = now
    elseif now > all.ticked_at then
        local seconds = now - all.ticked_at
        local rate = all.fresh_answers / seconds
        all.answer_rate = all.answer_rate + (1 - math.exp(-seconds / RATE_SECONDS)) * (rate - all.answer_rate)
        local seen = 1 - math.exp(-math.max(1, now - all.started_at) / RATE_SECONDS)
        all.fading_idle = math.min(
            600,
            math.max(
                10,
                300 / math.max(all.answer_rate / seen, 0.000001)
            )
        )
        all.fading_busy = math.max(40, 4 * all.fading_idle)
    end
    all.ticked_at = now
    all.fresh_answers = 0
end
--- The estimate of a peer of which nothing is known. Phases: any.
function ____exports.none()
    return {
        read_at = 0,
        load = 0,
        done = 0,
        event_at = 0,
        patience = math.huge,
        exposure = 0,
        answers = 0,
        concurrency = concurrency_of.FIRST,
        seen = concurrency_of.new()
    }
end
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
        ticked_at = 0,
        started_at = 0,
        fresh_answers = 0
    }
end
____exports.new = create
return ____exports
