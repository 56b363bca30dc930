/**
 * How long a peer works on one request, waiting left out, and on how many side by side: learned from nothing but the
 * shared counts of requests in flight and answers. One set of estimates for each worker; time comes in as an argument.
 *
 * The service time is slot-seconds of exposure divided by answers, both fading: a censored maximum-likelihood estimate,
 * in which requests that still run count at once, and a failure counts as exposure without an answer.
 */
import * as concurrency_of from "./concurrency";
import type { Concurrency } from "./concurrency";
import * as lessons from "./lesson";
import * as nodes from "./node";
import type { Peer } from "./model";

/** What is known of one peer. */
export interface Estimate {
    /** When its counts were last read, and what they were. */
    read_at: number;
    load: number;
    done: number;
    /** When something last happened at the peer, and how long its silence then counts as work. */
    event_at: number;
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
    ticked_at: number;
    started_at: number;
    /** Answers seen since the last tick. */
    fresh_answers: number;
}

/** Service time in seconds before any peer has answered. */
const FIRST_SERVICE_SECONDS = 0.05;
/** nginx's clock counts milliseconds: answers within one would make a peer's work look like nothing. */
const LEAST_SERVICE_SECONDS = 1e-4;
/** An answer makes room for itself: about 128 are remembered. */
const KEEP = 1 - 1 / 128;
/** A silent peer's exposure grows for so many service times after its last event. */
const PATIENCE = 5;
/** The rate of answers is a mean over so many seconds. */
const RATE_SECONDS = 30;
/** With so many answers a worker knows enough to teach others; for them it counts as so many. */
const ANSWERS_TO_TEACH = 20;
/** So long after the last request, in seconds, an idle peer is quiet: looked at so often. */
const QUIET_SECONDS = 1;
const QUIET_TICK_SECONDS = 30;

/**
 * Mean seconds of work for one request in a free slot. The mean over all peers counts as one answer; a static weight says
 * how much faster than the mean the user takes the peer to be. Phases: any.
 */
export function service_seconds(all: Estimates, peer: Peer<Estimate>): number {
    const estimate = peer.learned;
    const exposure = estimate.exposure + (all.mean_service * all.mean_weight) / peer.weight;
    const seconds = exposure / (estimate.answers + 1);
    return seconds > LEAST_SERVICE_SECONDS ? seconds : LEAST_SERVICE_SECONDS;
}

/** Notes that something happened at the peer: its silence counts as work from now on. Phases: any. */
export function note_event(all: Estimates, peer: Peer<Estimate>, now: number): void {
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

/** Takes another concurrency where that has become more likely, and the service time that goes with it. */
function estimate_concurrency(estimate: Estimate): void {
    const [best, service] = concurrency_of.estimate(estimate.seen);
    if (best === undefined || best === estimate.concurrency) return;
    estimate.concurrency = best;
    estimate.exposure = service * estimate.answers;
}

/** Begins with what another worker has learned lately, if there is one. */
function take_lesson(peer: Peer<Estimate>, now: number): void {
    const [service, concurrency] = lessons.take(peer.lesson, peer.known_beginning, now);
    if (service === undefined) return;
    const estimate = peer.learned;
    estimate.exposure = service * ANSWERS_TO_TEACH;
    estimate.answers = ANSWERS_TO_TEACH;
    estimate.concurrency = concurrency;
}

function leave_lesson(peer: Peer<Estimate>, now: number): void {
    const { exposure, answers, concurrency } = peer.learned;
    if (answers < ANSWERS_TO_TEACH) return;
    lessons.leave(peer.lesson, peer.known_beginning, now, exposure / answers, concurrency);
}

/** Reads a peer's counts and folds what has changed since the last time into its estimate. Phases: any. */
export function fold(all: Estimates, peer: Peer<Estimate>, now: number): void {
    const estimate = peer.learned;
    const load = nodes.load(peer.node);
    const done = nodes.done(peer.node);
    const before = estimate.read_at;
    if (before > 0) {
        const { exposure, answers } = estimate;
        // A clock that is set back costs the time until it has caught up, nothing else.
        let seconds = math.max(0, now - before);
        const fresh = done - estimate.done;
        if (fresh > 0 || load !== estimate.load) {
            note_event(all, peer, now);
        } else {
            const limit = estimate.event_at + estimate.patience;
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
        take_lesson(peer, now);
    }
    estimate.read_at = now;
    estimate.load = load;
    estimate.done = done;
}

/** Brings the mean over all peers up to date. Phases: any. */
export function update_mean_service(all: Estimates): void {
    if (all.sum_of_answers > 0) all.mean_service = all.sum_of_exposure / all.sum_of_answers;
}

/** Sums up anew what `fold` keeps up to date: rounding adds up, and peers come and go. */
function sum_up(all: Estimates, list: readonly Peer<Estimate>[]): void {
    all.sum_of_exposure = 0;
    all.sum_of_answers = 0;
    for (const peer of list) {
        all.sum_of_exposure += peer.learned.exposure;
        all.sum_of_answers += peer.learned.answers;
    }
    update_mean_service(all);
}

/** Takes the weights of another list of peers. Phases: any. */
export function list_changed(all: Estimates, list: readonly Peer<Estimate>[]): void {
    let sum = 0;
    for (const peer of list) sum += peer.weight;
    all.mean_weight = list.length > 0 ? sum / list.length : 1;
    sum_up(all, list);
}

/** Whether nothing has happened at any peer since the last look, nor goes on there. */
function are_quiet(all: Estimates, list: readonly Peer<Estimate>[], now: number): boolean {
    if (math.abs(now - all.ticked_at) >= QUIET_TICK_SECONDS) return false;
    for (const peer of list) {
        const { read_at, load } = peer.learned;
        if (read_at === 0 || load !== 0 || !nodes.is_quiet(peer.node, now, QUIET_SECONDS)) return false;
    }
    return true;
}

/**
 * Follows idle peers too, and sets how fast the past fades: the slower the fewer answers there are. To be called ten
 * times a second. Phases: any.
 */
export function tick(all: Estimates, list: readonly Peer<Estimate>[], now: number): void {
    // What fades does so by the time that has gone by, however often anybody looks.
    if (are_quiet(all, list, now)) return;
    for (const peer of list) {
        fold(all, peer, now);
        estimate_concurrency(peer.learned);
        leave_lesson(peer, now);
    }
    sum_up(all, list);
    if (all.ticked_at === 0) all.started_at = now;
    else if (now > all.ticked_at) {
        const seconds = now - all.ticked_at;
        const rate = all.fresh_answers / seconds;
        all.answer_rate += (1 - math.exp(-seconds / RATE_SECONDS)) * (rate - all.answer_rate);
        // An average that began at zero is too low by what it has not seen yet.
        const seen = 1 - math.exp(-math.max(1, now - all.started_at) / RATE_SECONDS);
        all.fading_idle = math.min(600, math.max(10, 300 / math.max(all.answer_rate / seen, 1e-6)));
        all.fading_busy = math.max(40, 4 * all.fading_idle);
    }
    all.ticked_at = now;
    all.fresh_answers = 0;
}

/** The estimate of a peer of which nothing is known. Phases: any. */
export function none(): Estimate {
    return {
        read_at: 0,
        load: 0,
        done: 0,
        event_at: 0,
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
        ticked_at: 0,
        started_at: 0,
        fresh_answers: 0,
    };
}
export { create as new };
