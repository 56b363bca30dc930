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
import * as straight_loop from "../core/code/straight_loop";
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

/** Costs are compared in nanoseconds, up to half an hour. */
const NANOSECONDS = 1e9;
const MOST_SECONDS = 2000;
/** Room for the place of a candidate below its cost, and for a random number between them, which decides between equal costs. */
const PLACES = FULL_SCAN;
const LOTS = 64;

/** The least rank so far, and the place of the next candidate. */
let least_rank = math.huge;
let next_place = 0;

/**
 * Ranks a candidate: one number for its cost, its lot and its place. The least of such numbers is found without a branch, so LuaJIT
 * compiles one path, whichever candidate wins.
 */
function rank(this: void, peer: Peer<Estimate>, estimates: Estimates, now: MonotonicTime): void {
    // Within a millisecond only this worker's own requests change the counts, and it counts these itself.
    if (peer.learned.read_at !== now) estimates_of.fold(estimates, peer, now);
    const its_cost = math.min(cost(estimates, peer, now), MOST_SECONDS);
    const its_lot = math.floor(its_cost * NANOSECONDS) * LOTS + math.random(0, LOTS - 1);
    least_rank = math.min(least_rank, its_lot * PLACES + next_place);
    next_place += 1;
}

const rank_all = straight_loop.over(rank);

function pick(this: Xed, candidates: Candidates<Estimate>, now: MonotonicTime): Peer<Estimate> {
    if (candidates.count > FULL_SCAN) sample(candidates);
    const estimates = this.estimates;
    least_rank = math.huge;
    next_place = 0;
    rank_all(candidates.peers, candidates.count, estimates, now, undefined);
    // A rank that is no number must not fail the request.
    const best = candidates.peers[least_rank % PLACES] ?? candidates.peers[0]!;
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
