/**
 * XED, exposure-estimated expected delay: sends a request where it should be done first, without any weights given.
 *
 * For each node it learns two numbers from two shared counts, requests in flight and answers: the mean service time S,
 * and the concurrency c up to which the node works on requests side by side. S is slot-seconds of exposure divided by
 * answers, a censored maximum-likelihood estimate, so requests still running count at once; c is the grid value with
 * the highest profile likelihood. A slow or hung node gets expensive before its first slow answer; a failure adds
 * exposure but no answer, so failing fast never looks fast.
 *
 * cost = S * (1 + 3 * max(0, n + 1 - c) / c + 0.2 * n / c) + 50 * mean S * phi^2, for n in flight; the least cost wins.
 * The constants come from simulation against the exact optimum; multiplying any one by 1/2 to 4 moves the mean by at
 * most 1.5 %. Every worker keeps its own estimates, from counts that all share.
 */
import * as ffi from "ffi";
import * as concurrency_of from "./concurrency";
import type { Concurrency } from "./concurrency";
import * as ejection from "./ejection";
import * as nodes from "./node";
import type { Peers } from "./peers";
import type { Candidates, Policy } from "./policy";

export interface Xed extends Policy {
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
/** A new node may hold so many requests more than it has answered. */
const SLOW_START = 4;
const QUEUEING = 3;
const CROWDING = 0.2;
const FAILING = 50;
/** More candidates than this are sampled. */
const FULL_SCAN = 64;
const SAMPLE = 16;
const RATE_SECONDS = 30;

/** Mean seconds of work for one request in a free slot; the pool's mean counts as one answer. */
function service_seconds(xed: Xed, index: number): number {
    const exposure = xed.exposure.get(index) + xed.mean_service * xed.prior.get(index);
    return math.max(LEAST_SERVICE_SECONDS, exposure / (xed.answers.get(index) + 1));
}

function note_event(xed: Xed, index: number, now: number): void {
    xed.event_at.set(index, now);
    xed.patience.set(index, xed.answers.get(index) > 0 ? PATIENCE * service_seconds(xed, index) : math.huge);
}

function fade(xed: Xed, index: number, seconds: number, over: number): void {
    const keep = math.exp(-seconds / over);
    xed.exposure.set(index, xed.exposure.get(index) * keep);
    xed.answers.set(index, xed.answers.get(index) * keep);
}

function expose(xed: Xed, index: number, seconds: number): void {
    const busy = xed.in_flight.get(index);
    fade(xed, index, seconds, busy > 0 ? xed.fading_busy : xed.fading_idle);
    if (busy <= 0) return;
    concurrency_of.spent(xed.seen, index, busy, seconds);
    xed.exposure.set(index, xed.exposure.get(index) + math.min(busy, xed.concurrency.get(index)) * seconds);
}

function learn(xed: Xed, index: number, fresh: number): void {
    const keep = fresh === 1 ? KEEP : KEEP ** fresh;
    xed.exposure.set(index, xed.exposure.get(index) * keep);
    xed.answers.set(index, xed.answers.get(index) * keep + fresh);
    concurrency_of.answered(xed.seen, index, math.max(1, xed.in_flight.get(index)), fresh);
}

/** Takes another concurrency where that has become more likely, and the service time that goes with it. */
function estimate_concurrency(xed: Xed, index: number): void {
    const [value, seconds] = concurrency_of.estimate(xed.seen, index);
    if (value === undefined || value === xed.concurrency.get(index)) return;
    xed.concurrency.set(index, value);
    xed.exposure.set(index, seconds * xed.answers.get(index));
}

/** Reads a node's counts and folds what has changed since the last time into its estimates. */
function fold(xed: Xed, index: number, now: number): void {
    const node = xed.peers.nodes[index]!;
    const in_flight = nodes.in_flight(node);
    const answered = nodes.answered(node);
    const before = xed.read_at.get(index);
    if (before > 0) {
        const exposure = xed.exposure.get(index);
        const answers = xed.answers.get(index);
        // A clock that is set back costs the time until it has caught up, nothing else.
        let seconds = math.max(0, now - before);
        const fresh = answered - xed.answered.get(index);
        if (fresh > 0 || in_flight !== xed.in_flight.get(index)) {
            note_event(xed, index, now);
        } else {
            const limit = xed.event_at.get(index) + xed.patience.get(index);
            if (now > limit) {
                const working = math.min(seconds, math.max(0, limit - before));
                fade(xed, index, seconds - working, xed.fading_idle);
                seconds = working;
            }
        }
        if (seconds > 0) expose(xed, index, seconds);
        if (fresh > 0) learn(xed, index, fresh);
        xed.sum_of_exposure += xed.exposure.get(index) - exposure;
        xed.sum_of_answers += xed.answers.get(index) - answers;
    }
    xed.read_at.set(index, now);
    xed.in_flight.set(index, in_flight);
    xed.answered.set(index, answered);
}

function cost(xed: Xed, index: number, now: number): number {
    const in_flight = xed.in_flight.get(index);
    const concurrency = xed.concurrency.get(index);
    const queued = math.max(0, in_flight + 1 - concurrency) / concurrency;
    const delay = service_seconds(xed, index) * (1 + QUEUEING * queued + (CROWDING * in_flight) / concurrency);
    const phi = ejection.phi(xed.peers.nodes[index]!.record, now);
    return delay + FAILING * xed.mean_service * phi * phi;
}

function update_mean_service(xed: Xed): void {
    if (xed.sum_of_answers > 0) xed.mean_service = xed.sum_of_exposure / xed.sum_of_answers;
}

/** Sums up anew what `fold` keeps up to date, before rounding adds up. */
function sum_up(xed: Xed): void {
    xed.sum_of_exposure = 0;
    xed.sum_of_answers = 0;
    for (const index of $range(0, xed.peers.size - 1)) {
        xed.sum_of_exposure += xed.exposure.get(index);
        xed.sum_of_answers += xed.answers.get(index);
    }
    update_mean_service(xed);
}

/** Leaves a random sample in the first places; what was there goes further back. */
function sample(candidates: Candidates): void {
    const chosen = candidates.index;
    for (const place of $range(0, SAMPLE - 1)) {
        const other = math.random(place, candidates.count - 1);
        const taken = chosen.get(other);
        chosen.set(other, chosen.get(place));
        chosen.set(place, taken);
    }
    candidates.count = SAMPLE;
}

function is_starting(xed: Xed, index: number): boolean {
    return xed.in_flight.get(index) >= SLOW_START + xed.answered.get(index);
}

/** The candidate that costs least; -1 when all are starting and those do not count. */
function cheapest(xed: Xed, candidates: Candidates, now: number, starting_too: boolean): number {
    let best = -1;
    let best_cost = math.huge;
    let ties = 0;
    for (const place of $range(0, candidates.count - 1)) {
        const index = candidates.index.get(place);
        // Within a millisecond only this worker's own requests change the counts, and it knows of them without looking.
        if (xed.read_at.get(index) !== now) fold(xed, index, now);
        const its_cost = starting_too || !is_starting(xed, index) ? cost(xed, index, now) : math.huge;
        if (its_cost < best_cost) {
            best = index;
            best_cost = its_cost;
            ties = 1;
        } else if (its_cost === best_cost && its_cost < math.huge) {
            ties += 1;
            if (math.random(ties) === 1) best = index;
        }
    }
    return best;
}

function pick(this: Xed, candidates: Candidates, now: number): number {
    if (candidates.count > FULL_SCAN) sample(candidates);
    let best = cheapest(this, candidates, now, false);
    if (best < 0) best = cheapest(this, candidates, now, true);
    update_mean_service(this);
    note_event(this, best, now);
    // The balancer counts the request after the pick; the next fold must see no change in that.
    this.in_flight.set(best, this.in_flight.get(best) + 1);
    return best;
}

function succeeded(this: Xed, index: number, now: number): void {
    fold(this, index, now);
}

/** Follows idle nodes too, and sets how fast the past fades: the slower the fewer answers there are. */
function tick(this: Xed, now: number): void {
    let answers = 0;
    for (const index of $range(0, this.peers.size - 1)) {
        fold(this, index, now);
        estimate_concurrency(this, index);
        answers += this.answered.get(index);
    }
    sum_up(this);
    if (this.ticked_at === 0) this.started_at = now;
    else if (now > this.ticked_at) {
        const seconds = now - this.ticked_at;
        const rate = (answers - this.ticked_answers) / seconds;
        this.answer_rate += (1 - math.exp(-seconds / RATE_SECONDS)) * (rate - this.answer_rate);
        // An average that began at zero is too low by what it has not seen yet.
        const seen = 1 - math.exp(-math.max(1, now - this.started_at) / RATE_SECONDS);
        this.fading_idle = math.min(600, math.max(10, 300 / math.max(this.answer_rate / seen, 1e-6)));
        this.fading_busy = math.max(40, 4 * this.fading_idle);
    }
    this.ticked_at = now;
    this.ticked_answers = answers;
}

function capacity(xed: Xed, index: number): number {
    return xed.concurrency.get(index) / service_seconds(xed, index);
}

function weight(this: Xed, index: number): number {
    let sum = 0;
    for (const other of $range(0, this.peers.size - 1)) sum += capacity(this, other);
    return (capacity(this, index) / sum) * this.peers.size;
}

function learned_service_seconds(this: Xed, index: number): number {
    return service_seconds(this, index);
}

function concurrent_requests(this: Xed, index: number): number {
    return this.concurrency.get(index);
}

const metatable = {
    __index: { pick, succeeded, tick, weight, service_seconds: learned_service_seconds, concurrent_requests },
};

function zeros(size: number): Doubles {
    return ffi.new("double[?]", size) as unknown as Doubles;
}

/** The policy for these nodes. Static weights are the first guess at how fast a node is, until it has answered. */
function create(peers: Peers): Policy {
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
    const fields = {
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
    return setmetatable(fields, metatable) as unknown as Policy;
}
export { create as new };
