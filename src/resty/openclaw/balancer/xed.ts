/**
 * XED, exposure-estimated expected delay: sends a request to the peer with the least expected delay. Needs no weights.
 *
 * For each peer `estimates` learns two numbers from the shared counts of requests in flight and answers: the mean service time S,
 * and the concurrency c, how many requests the peer handles concurrently. A slow or hung peer becomes expensive before its first
 * slow answer; a peer that fails fast does not seem fast.
 *
 * cost = S * (1 + 3 * max(0, n + 1 - c) / c + 0.2 * n / c) + 50 * mean S * phi^2, for n in flight; the least cost wins.
 * The constants come from simulation against the exact optimum; multiplying any one by 1/2 to 4 moves the mean by at
 * most 1.5 %.
 */
import type { Estimate, Estimates } from "./estimates";
import * as estimates_of from "./estimates";
import type { Candidates, Peer, Policy } from "./model";
import * as outlier_detection from "./outlier_detection";

interface Xed extends Policy<Estimate> {
    readonly estimates: Estimates;
}

const QUEUEING = 3;
const CROWDING = 0.2;
const FAILING = 50;
/** Of more candidates than this, only a random sample is compared. */
const FULL_SCAN = 64;
const SAMPLE = 16;

function cost(estimates: Estimates, peer: Peer<Estimate>, now: MonotonicTime): number {
    const { load, concurrency } = peer.learned;
    const queued = math.max(0, load + 1 - concurrency) / concurrency;
    const delay =
        estimates_of.service_seconds(estimates, peer) * (1 + QUEUEING * queued + (CROWDING * load) / concurrency);
    const phi = outlier_detection.phi(peer.record, now);
    return delay + FAILING * estimates.mean_service * phi * phi;
}

/** Moves a random sample of the candidates to the front. */
function sample(candidates: Candidates<Estimate>): void {
    const chosen = candidates.peers;
    for (const place of $range(0, SAMPLE - 1)) {
        const other = math.random(place, candidates.count - 1);
        const taken = chosen[other]!;
        chosen[other] = chosen[place]!;
        chosen[place] = taken;
    }
    candidates.count = SAMPLE;
}

function pick(this: Xed, candidates: Candidates<Estimate>, now: MonotonicTime): Peer<Estimate> {
    if (candidates.count > FULL_SCAN) sample(candidates);
    const estimates = this.estimates;
    // Stays the best only if all costs are NaN; no request may fail because of that.
    let best = candidates.peers[0]!;
    let best_cost = math.huge;
    let ties = 0;
    for (const place of $range(0, candidates.count - 1)) {
        const peer = candidates.peers[place]!;
        // Within a millisecond only this worker's own requests change the counts, and it counts these itself.
        if (peer.learned.read_at !== now) estimates_of.fold(estimates, peer, now);
        const its_cost = cost(estimates, peer, now);
        if (its_cost < best_cost) {
            best = peer;
            best_cost = its_cost;
            ties = 1;
        } else if (its_cost === best_cost) {
            ties += 1;
            if (math.random(ties) === 1) best = peer;
        }
    }
    estimates_of.update_mean_service(estimates);
    estimates_of.note_event(estimates, best, now);
    // The balancer counts the request after the pick; to the next fold this must not look like a change.
    best.learned.load += 1;
    return best;
}

function learn(this: Xed): Estimate {
    return estimates_of.none();
}

function list_changed(this: Xed, peers: readonly Peer<Estimate>[]): void {
    estimates_of.list_changed(this.estimates, peers);
}

function succeeded(this: Xed, peer: Peer<Estimate>, now: MonotonicTime): void {
    estimates_of.fold(this.estimates, peer, now);
}

function tick(this: Xed, peers: readonly Peer<Estimate>[], now: MonotonicTime): void {
    estimates_of.tick(this.estimates, peers, now);
}

function service_seconds(this: Xed, peer: Peer<Estimate>): number {
    return estimates_of.service_seconds(this.estimates, peer);
}

function concurrent_requests(this: Xed, peer: Peer<Estimate>): number {
    return peer.learned.concurrency;
}

/** How many requests per second the peer can handle. */
function capacity(xed: Xed, peer: Peer<Estimate>): number {
    return peer.learned.concurrency / estimates_of.service_seconds(xed.estimates, peer);
}

function weight(this: Xed, peer: Peer<Estimate>, peers: readonly Peer<Estimate>[]): number {
    let sum = 0;
    for (const other of peers) sum += capacity(this, other);
    return (capacity(this, peer) / sum) * peers.length;
}

const metatable = {
    __index: {
        learn,
        list_changed,
        pick,
        succeeded,
        tick,
        weight,
        service_seconds,
        concurrent_requests,
    },
};

/** The policy. Phases: init. */
function create(): Policy {
    return setmetatable({ estimates: estimates_of.new() }, metatable);
}
export { create as new };
