/**
 * XED, exposure-estimated expected delay: sends a request where it should be done first, without any weights given.
 *
 * For each node `estimates` learns two numbers from shared counts, requests in flight and answers: the mean service time
 * S, and the concurrency c up to which the node works on requests side by side. A slow or hung node gets expensive before
 * its first slow answer; failing fast never looks fast.
 *
 * cost = S * (1 + 3 * max(0, n + 1 - c) / c + 0.2 * n / c) + 50 * mean S * phi^2, for n in flight; the least cost wins.
 * The constants come from simulation against the exact optimum; multiplying any one by 1/2 to 4 moves the mean by at
 * most 1.5 %.
 */
import * as ejection from "./ejection";
import * as estimates_of from "./estimates";
import type { Estimates } from "./estimates";
import type { Peers } from "./peers";
import type { Candidates, Policy } from "./policy";

export interface Xed extends Policy {
    readonly peers: Peers;
    readonly estimates: Estimates;
}

/** A new node may hold so many requests more than it has answered. */
const SLOW_START = 4;
const QUEUEING = 3;
const CROWDING = 0.2;
const FAILING = 50;
/** More candidates than this are sampled. */
const FULL_SCAN = 64;
const SAMPLE = 16;

function cost(xed: Xed, index: number, now: number): number {
    const estimates = xed.estimates;
    const in_flight = estimates.in_flight.get(index);
    const concurrency = estimates.concurrency.get(index);
    const queued = math.max(0, in_flight + 1 - concurrency) / concurrency;
    const delay =
        estimates_of.service_seconds(estimates, index) * (1 + QUEUEING * queued + (CROWDING * in_flight) / concurrency);
    const phi = ejection.phi(xed.peers.nodes[index]!.record, now);
    return delay + FAILING * estimates.mean_service * phi * phi;
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
    const { in_flight, answered } = xed.estimates;
    return in_flight.get(index) >= SLOW_START + answered.get(index);
}

/** The candidate that costs least; -1 when all are starting and those do not count. */
function cheapest(xed: Xed, candidates: Candidates, now: number, starting_too: boolean): number {
    const estimates = xed.estimates;
    let best = -1;
    let best_cost = math.huge;
    let ties = 0;
    for (const place of $range(0, candidates.count - 1)) {
        const index = candidates.index.get(place);
        // Within a millisecond only this worker's own requests change the counts, and it knows of them without looking.
        if (estimates.read_at.get(index) !== now) estimates_of.fold(estimates, index, now);
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
    // Only an estimate that is no number comes to this; no request shall fail for it.
    if (best < 0) best = candidates.index.get(0);
    const estimates = this.estimates;
    estimates_of.update_mean_service(estimates);
    estimates_of.note_event(estimates, best, now);
    // The balancer counts the request after the pick; the next fold must see no change in that.
    estimates.in_flight.set(best, estimates.in_flight.get(best) + 1);
    return best;
}

function succeeded(this: Xed, index: number, now: number): void {
    estimates_of.fold(this.estimates, index, now);
}

function tick(this: Xed, now: number): void {
    estimates_of.tick(this.estimates, now);
}

function service_seconds(this: Xed, index: number): number {
    return estimates_of.service_seconds(this.estimates, index);
}

function concurrent_requests(this: Xed, index: number): number {
    return this.estimates.concurrency.get(index);
}

/** How many requests a second the node could do. */
function capacity(xed: Xed, index: number): number {
    return xed.estimates.concurrency.get(index) / estimates_of.service_seconds(xed.estimates, index);
}

function weight(this: Xed, index: number): number {
    let sum = 0;
    for (const other of $range(0, this.peers.size - 1)) sum += capacity(this, other);
    return (capacity(this, index) / sum) * this.peers.size;
}

const metatable = { __index: { pick, succeeded, tick, weight, service_seconds, concurrent_requests } };

/** The policy for these nodes. Phases: init. */
function create(peers: Peers): Policy {
    return setmetatable({ peers, estimates: estimates_of.new(peers) }, metatable) as unknown as Policy;
}
export { create as new };
