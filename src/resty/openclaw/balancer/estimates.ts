/**
 * How long a peer works on one request, without waiting, and how many it handles concurrently: learned only from the shared
 * counts of requests in flight and answers. Each worker has its own estimates; the time is an argument.
 *
 * The service time is slot-seconds of exposure divided by answers, both fading: a censored maximum-likelihood estimate, in which
 * requests in flight count at once, and a failure counts as exposure without an answer.
 */
import type { Concurrency } from "./concurrency";
import * as concurrency_of from "./concurrency";
import type { Peer } from "./model";
import * as nodes from "./node";
import * as warm_start from "./warm_start";

/** What is known of one peer. */
export interface Estimate {
    /** When its counts were last read, if ever, and what they were. */
    read_at: MonotonicTime | undefined;
    load: number;
    done: number;
    /** When its counts last changed, and for how many seconds after that its requests count as being worked on. */
    event_at: MonotonicTime | undefined;
    patience: number;
    /** Exposure in slot-seconds and answers, both fading: their quotient is the service time. */
    exposure: number;
    answers: number;
    concurrency: number;
    readonly seen: Concurrency;
}

/** What is known of all of them. */
export interface Estimates {
    /** Sums over the peers, and their quotient: the mean service time. */
    sum_of_exposure: number;
    sum_of_answers: number;
    mean_service: number;
    mean_weight: number;
    fading_idle: number;
    fading_busy: number;
    answer_rate: number;
    ticked_at: MonotonicTime | undefined;
    /** The first tick. */
    started_at: MonotonicTime | undefined;
    /** Answers since the last tick. */
    fresh_answers: number;
}

/** Service time in seconds before any peer has answered. */
const FIRST_SERVICE_SECONDS = 0.05;
/** nginx's clock has a resolution of a millisecond: faster answers would seem to take no time. */
const LEAST_SERVICE_SECONDS = 1e-4;
/** What each answer leaves of the former ones: about 128 are remembered. */
const KEEP = 1 - 1 / 128;
/** After its last event the exposure of a peer grows for so many service times. */
const PATIENCE = 5;
/** The time constant of the mean rate of answers. */
const RATE_SECONDS = 30;
/** After so many answers a worker saves a warm start; a worker that loads it counts it as so many answers. */
const ANSWERS_TO_SHARE = 20;
/** An idle peer is quiet so many seconds after its last request; then it is looked at once in so many seconds. */
const QUIET_SECONDS = 1;
const QUIET_TICK_SECONDS = 30;

/**
 * Mean seconds of work for one request in a free slot. The mean over all peers counts as one answer, divided by the peer's static
 * weight: the user's guess of its speed. Phases: any.
 */
export function service_seconds(all: Estimates, peer: Peer<Estimate>): number {
    const estimate = peer.learned;
    const exposure = estimate.exposure + (all.mean_service * all.mean_weight) / peer.weight;
    const seconds = math.max(exposure / (estimate.answers + 1), LEAST_SERVICE_SECONDS);
    return seconds;
}

/** Records that something happened at the peer. Phases: any. */
export function note_event(all: Estimates, peer: Peer<Estimate>, now: MonotonicTime): void {
    const estimate = peer.learned;
    estimate.event_at = now;
    estimate.patience = estimate.answers > 0 ? PATIENCE * service_seconds(all, peer) : math.huge;
}

function fade(estimate: Estimate, seconds: number, over: number): void {
    const keep = math.exp(-seconds / over);
    estimate.exposure *= keep;
    estimate.answers *= keep;
}

function expose(all: Estimates, estimate: Estimate, seconds: number): void {
    const busy = estimate.load;
    fade(estimate, seconds, busy > 0 ? all.fading_busy : all.fading_idle);
    if (busy <= 0) return;
    concurrency_of.spent(estimate.seen, busy, seconds);
    estimate.exposure += math.min(busy, estimate.concurrency) * seconds;
}

function learn(estimate: Estimate, fresh: number): void {
    const keep = fresh === 1 ? KEEP : KEEP ** fresh;
    estimate.exposure *= keep;
    estimate.answers = estimate.answers * keep + fresh;
    concurrency_of.answered(estimate.seen, math.max(1, estimate.load), fresh);
}

/** Takes another concurrency if that has become more likely, with the service time that belongs to it. */
function estimate_concurrency(estimate: Estimate): void {
    const [best, service] = concurrency_of.estimate(estimate.seen);
    if (best === undefined || best === estimate.concurrency) return;
    estimate.concurrency = best;
    estimate.exposure = service * estimate.answers;
}

/** Begins with what another worker has learned in the last minute, if there is one. */
function load_warm_start(peer: Peer<Estimate>, now: MonotonicTime): void {
    const [service, concurrency] = warm_start.load(peer.warm_start, peer.known_start, now);
    if (service === undefined) return;
    const estimate = peer.learned;
    estimate.exposure = service * ANSWERS_TO_SHARE;
    estimate.answers = ANSWERS_TO_SHARE;
    estimate.concurrency = concurrency;
}

function save_warm_start(peer: Peer<Estimate>, now: MonotonicTime): void {
    const { exposure, answers, concurrency } = peer.learned;
    if (answers < ANSWERS_TO_SHARE) return;
    warm_start.save(peer.warm_start, peer.known_start, now, exposure / answers, concurrency);
}

/** Reads a peer's counts and updates its estimate by what has changed since the last time. Phases: any. */
export function fold(all: Estimates, peer: Peer<Estimate>, now: MonotonicTime): void {
    const estimate = peer.learned;
    const load = nodes.load(peer.node);
    const done = nodes.done(peer.node);
    const before = estimate.read_at;
    if (before !== undefined) {
        const { exposure, answers } = estimate;
        // A negative time would leave no sensible estimate.
        let seconds = math.max(0, now - before);
        const fresh = done - estimate.done;
        if (fresh > 0 || load !== estimate.load) {
            note_event(all, peer, now);
        } else {
            // The first event is the first read.
            const limit = later(estimate.event_at ?? before, estimate.patience);
            if (now > limit) {
                const working = math.min(seconds, math.max(0, limit - before));
                fade(estimate, seconds - working, all.fading_idle);
                seconds = working;
            }
        }
        if (seconds > 0) expose(all, estimate, seconds);
        if (fresh > 0) {
            learn(estimate, fresh);
            all.fresh_answers += fresh;
        }
        all.sum_of_exposure += estimate.exposure - exposure;
        all.sum_of_answers += estimate.answers - answers;
    } else {
        load_warm_start(peer, now);
    }
    estimate.read_at = now;
    estimate.load = load;
    estimate.done = done;
}

/** Updates the mean over all peers. Phases: any. */
export function update_mean_service(all: Estimates): void {
    if (all.sum_of_answers > 0) all.mean_service = all.sum_of_exposure / all.sum_of_answers;
}

/** Computes the sums again: rounding errors add up, and peers come and go. */
function sum_up(all: Estimates, list: readonly Peer<Estimate>[]): void {
    all.sum_of_exposure = 0;
    all.sum_of_answers = 0;
    for (const peer of list) {
        all.sum_of_exposure += peer.learned.exposure;
        all.sum_of_answers += peer.learned.answers;
    }
    update_mean_service(all);
}

/** Applies another list of peers. Phases: any. */
export function list_changed(all: Estimates, list: readonly Peer<Estimate>[]): void {
    let sum = 0;
    for (const peer of list) sum += peer.weight;
    all.mean_weight = list.length > 0 ? sum / list.length : 1;
    sum_up(all, list);
}

/** Whether all peers are idle and quiet, and were looked at lately. */
function are_quiet(all: Estimates, list: readonly Peer<Estimate>[], now: MonotonicTime): boolean {
    if (all.ticked_at === undefined || now - all.ticked_at >= QUIET_TICK_SECONDS) return false;
    for (const peer of list) {
        const { read_at, load } = peer.learned;
        if (read_at === undefined || load !== 0 || !nodes.is_quiet(peer.node, now, QUIET_SECONDS)) return false;
    }
    return true;
}

/**
 * Updates the estimates of all peers, idle ones included, and how fast they fade: the fewer answers, the slower. To be called ten
 * times a second. Phases: any.
 */
export function tick(all: Estimates, list: readonly Peer<Estimate>[], now: MonotonicTime): void {
    // Fading depends on the time that has passed, not on the number of ticks.
    if (are_quiet(all, list, now)) return;
    for (const peer of list) {
        fold(all, peer, now);
        estimate_concurrency(peer.learned);
        save_warm_start(peer, now);
    }
    sum_up(all, list);
    all.started_at ??= now;
    const seconds = all.ticked_at === undefined ? 0 : now - all.ticked_at;
    if (seconds > 0) {
        const rate = all.fresh_answers / seconds;
        all.answer_rate += (1 - math.exp(-seconds / RATE_SECONDS)) * (rate - all.answer_rate);
        // An average that began at zero is too low until it has seen enough.
        const seen = 1 - math.exp(-math.max(1, now - all.started_at) / RATE_SECONDS);
        all.fading_idle = math.min(600, math.max(10, 300 / math.max(all.answer_rate / seen, 1e-6)));
        all.fading_busy = math.max(40, 4 * all.fading_idle);
    }
    all.ticked_at = now;
    all.fresh_answers = 0;
}

/** The estimate of an unknown peer. Phases: any. */
export function none(): Estimate {
    return {
        read_at: undefined,
        load: 0,
        done: 0,
        event_at: undefined,
        patience: math.huge,
        exposure: 0,
        answers: 0,
        concurrency: concurrency_of.FIRST,
        seen: concurrency_of.new(),
    };
}

/** Estimates without any peer. Phases: any. */
function create(): Estimates {
    return {
        sum_of_exposure: 0,
        sum_of_answers: 0,
        mean_service: FIRST_SERVICE_SECONDS,
        mean_weight: 1,
        fading_idle: 10,
        fading_busy: 40,
        answer_rate: 0,
        ticked_at: undefined,
        started_at: undefined,
        fresh_answers: 0,
    };
}
export { create as new };
