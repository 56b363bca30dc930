/**
 * How long a node works on one request, waiting left out, and on how many side by side: learned from nothing but the
 * shared counts of requests in flight and answers. One set of estimates for each worker; time comes in as an argument.
 *
 * The service time is slot-seconds of exposure divided by answers, both fading: a censored maximum-likelihood estimate,
 * in which requests that still run count at once, and a failure counts as exposure without an answer.
 */
import * as ffi from "ffi";
import * as concurrency_of from "./concurrency";
import type { Concurrency } from "./concurrency";
import * as nodes from "./node";
import type { Peers } from "./peers";

export interface Estimates {
    readonly peers: Peers;
    /** When the counts were last read, and what they were. */
    readonly read_at: Doubles;
    readonly in_flight: Doubles;
    readonly answered: Doubles;
    /** When something last happened at the node, and how long its silence then counts as work. */
    readonly event_at: Doubles;
    readonly patience: Doubles;
    /** Exposure in slot-seconds and answers, both fading: their quotient is the service time. */
    readonly exposure: Doubles;
    readonly answers: Doubles;
    readonly concurrency: Doubles;
    readonly seen: Concurrency;
    /** What a user's static weight says of the service time before anything is learned. */
    readonly prior: Doubles;
    /** Sums over all nodes, and their quotient: the mean service time. */
    sum_of_exposure: number;
    sum_of_answers: number;
    mean_service: number;
    fading_idle: number;
    fading_busy: number;
    answer_rate: number;
    ticked_at: number;
    ticked_answers: number;
    started_at: number;
}

/** Service time in seconds before any node has answered. */
const FIRST_SERVICE_SECONDS = 0.05;
/** nginx's clock counts milliseconds: answers within one would make a node's work look like nothing. */
const LEAST_SERVICE_SECONDS = 1e-4;
/** An answer makes room for itself: about 128 are remembered. */
const KEEP = 1 - 1 / 128;
/** A silent node's exposure grows for so many service times after its last event. */
const PATIENCE = 5;
/** The rate of answers is a mean over so many seconds. */
const RATE_SECONDS = 30;

/** Mean seconds of work for one request in a free slot; the pool's mean counts as one answer. Phases: any. */
export function service_seconds(estimates: Estimates, index: number): number {
    const exposure = estimates.exposure.get(index) + estimates.mean_service * estimates.prior.get(index);
    const seconds = exposure / (estimates.answers.get(index) + 1);
    return seconds > LEAST_SERVICE_SECONDS ? seconds : LEAST_SERVICE_SECONDS;
}

/** Notes that something happened at the node: its silence counts as work from now on. Phases: any. */
export function note_event(estimates: Estimates, index: number, now: number): void {
    estimates.event_at.set(index, now);
    estimates.patience.set(
        index,
        estimates.answers.get(index) > 0 ? PATIENCE * service_seconds(estimates, index) : math.huge,
    );
}

function fade(estimates: Estimates, index: number, seconds: number, over: number): void {
    const keep = math.exp(-seconds / over);
    estimates.exposure.set(index, estimates.exposure.get(index) * keep);
    estimates.answers.set(index, estimates.answers.get(index) * keep);
}

function expose(estimates: Estimates, index: number, seconds: number): void {
    const busy = estimates.in_flight.get(index);
    fade(estimates, index, seconds, busy > 0 ? estimates.fading_busy : estimates.fading_idle);
    if (busy <= 0) return;
    concurrency_of.spent(estimates.seen, index, busy, seconds);
    estimates.exposure.set(
        index,
        estimates.exposure.get(index) + math.min(busy, estimates.concurrency.get(index)) * seconds,
    );
}

function learn(estimates: Estimates, index: number, fresh: number): void {
    const keep = fresh === 1 ? KEEP : KEEP ** fresh;
    estimates.exposure.set(index, estimates.exposure.get(index) * keep);
    estimates.answers.set(index, estimates.answers.get(index) * keep + fresh);
    concurrency_of.answered(estimates.seen, index, math.max(1, estimates.in_flight.get(index)), fresh);
}

/** Takes another concurrency where that has become more likely, and the service time that goes with it. */
function estimate_concurrency(estimates: Estimates, index: number): void {
    const [value, seconds] = concurrency_of.estimate(estimates.seen, index);
    if (value === undefined || value === estimates.concurrency.get(index)) return;
    estimates.concurrency.set(index, value);
    estimates.exposure.set(index, seconds * estimates.answers.get(index));
}

/** Reads a node's counts and folds what has changed since the last time into its estimates. Phases: any. */
export function fold(estimates: Estimates, index: number, now: number): void {
    const node = estimates.peers.nodes[index]!;
    const in_flight = nodes.in_flight(node);
    const answered = nodes.answered(node);
    const before = estimates.read_at.get(index);
    if (before > 0) {
        const exposure = estimates.exposure.get(index);
        const answers = estimates.answers.get(index);
        // A clock that is set back costs the time until it has caught up, nothing else.
        let seconds = math.max(0, now - before);
        const fresh = answered - estimates.answered.get(index);
        if (fresh > 0 || in_flight !== estimates.in_flight.get(index)) {
            note_event(estimates, index, now);
        } else {
            const limit = estimates.event_at.get(index) + estimates.patience.get(index);
            if (now > limit) {
                const working = math.min(seconds, math.max(0, limit - before));
                fade(estimates, index, seconds - working, estimates.fading_idle);
                seconds = working;
            }
        }
        if (seconds > 0) expose(estimates, index, seconds);
        if (fresh > 0) learn(estimates, index, fresh);
        estimates.sum_of_exposure += estimates.exposure.get(index) - exposure;
        estimates.sum_of_answers += estimates.answers.get(index) - answers;
    }
    estimates.read_at.set(index, now);
    estimates.in_flight.set(index, in_flight);
    estimates.answered.set(index, answered);
}

/** Brings the mean over all nodes up to date. Phases: any. */
export function update_mean_service(estimates: Estimates): void {
    if (estimates.sum_of_answers > 0) estimates.mean_service = estimates.sum_of_exposure / estimates.sum_of_answers;
}

/** Sums up anew what `fold` keeps up to date, before rounding adds up. */
function sum_up(estimates: Estimates): void {
    estimates.sum_of_exposure = 0;
    estimates.sum_of_answers = 0;
    for (const index of $range(0, estimates.peers.size - 1)) {
        estimates.sum_of_exposure += estimates.exposure.get(index);
        estimates.sum_of_answers += estimates.answers.get(index);
    }
    update_mean_service(estimates);
}

/**
 * Follows idle nodes too, and sets how fast the past fades: the slower the fewer answers there are. To be called ten
 * times a second. Phases: any.
 */
export function tick(estimates: Estimates, now: number): void {
    let answers = 0;
    for (const index of $range(0, estimates.peers.size - 1)) {
        fold(estimates, index, now);
        estimate_concurrency(estimates, index);
        answers += estimates.answered.get(index);
    }
    sum_up(estimates);
    if (estimates.ticked_at === 0) estimates.started_at = now;
    else if (now > estimates.ticked_at) {
        const seconds = now - estimates.ticked_at;
        const rate = (answers - estimates.ticked_answers) / seconds;
        estimates.answer_rate += (1 - math.exp(-seconds / RATE_SECONDS)) * (rate - estimates.answer_rate);
        // An average that began at zero is too low by what it has not seen yet.
        const seen = 1 - math.exp(-math.max(1, now - estimates.started_at) / RATE_SECONDS);
        estimates.fading_idle = math.min(600, math.max(10, 300 / math.max(estimates.answer_rate / seen, 1e-6)));
        estimates.fading_busy = math.max(40, 4 * estimates.fading_idle);
    }
    estimates.ticked_at = now;
    estimates.ticked_answers = answers;
}

function zeros(size: number): Doubles {
    return ffi.new("double[?]", size) as unknown as Doubles;
}

/** Estimates for these nodes. Static weights are the first guess at how fast a node is, until it has answered. */
function create(peers: Peers): Estimates {
    const size = peers.size;
    const concurrency = zeros(size);
    const prior = zeros(size);
    const patience = zeros(size);
    let sum = 0;
    for (const index of $range(0, size - 1)) sum += peers.weight.get(index);
    for (const index of $range(0, size - 1)) {
        concurrency.set(index, concurrency_of.FIRST);
        prior.set(index, sum / size / peers.weight.get(index));
        patience.set(index, math.huge);
    }
    return {
        peers,
        read_at: zeros(size),
        in_flight: zeros(size),
        answered: zeros(size),
        event_at: zeros(size),
        patience,
        exposure: zeros(size),
        answers: zeros(size),
        concurrency,
        seen: concurrency_of.new(size),
        prior,
        sum_of_exposure: 0,
        sum_of_answers: 0,
        mean_service: FIRST_SERVICE_SECONDS,
        fading_idle: 10,
        fading_busy: 40,
        answer_rate: 0,
        ticked_at: 0,
        ticked_answers: 0,
        started_at: 0,
    };
}
export { create as new };
