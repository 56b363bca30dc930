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
import * as ffi from "ffi";
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

/**
 * The candidate with the least cost is found without a branch, so that LuaJIT compiles one path, whichever wins: first the least cost, then
 * the least rank, which is a random number for candidates of that cost and far more for all others.
 */
const costs = ffi.new("double[?]", FULL_SCAN) as unknown as Doubles;
let least_cost = math.huge;
let least_rank = math.huge;
let next_place = 0;

/** Makes more than OTHERS of any difference of two costs. */
const STEEP = 1e300;
const OTHERS = 2 ** 40;
const LOTS = 2 ** 20;
const PLACES = FULL_SCAN;

function find_cost(this: void, peer: Peer<Estimate>, estimates: Estimates, now: MonotonicTime): void {
    // Within a millisecond only this worker's own requests change the counts, and it counts these itself.
    if (peer.learned.read_at !== now) estimates_of.fold(estimates, peer, now);
    let its_cost = cost(estimates, peer, now);
    // No number; no request may fail because of that.
    if (its_cost !== its_cost) its_cost = math.huge;
    costs.set(next_place, its_cost);
    least_cost = math.min(least_cost, its_cost);
    next_place += 1;
}

function rank(this: void): void {
    const behind = math.min((costs.get(next_place) - least_cost) * STEEP, OTHERS);
    const its_rank = (behind + math.random(0, LOTS - 1)) * PLACES + next_place;
    least_rank = math.min(least_rank, its_rank);
    next_place += 1;
}

const find_costs = straight_loop.over(find_cost);
const rank_all = straight_loop.over(rank);

/** The place of the candidate with the least cost; of several one by chance. The first if no cost is finite. */
function find_best(candidates: Candidates<Estimate>, estimates: Estimates, now: MonotonicTime): number {
    const { peers, count } = candidates;
    least_cost = math.huge;
    next_place = 0;
    find_costs(peers, count, estimates, now, undefined);
    if (least_cost === math.huge) return 0;
    least_rank = math.huge;
    next_place = 0;
    rank_all(peers, count, undefined, undefined, undefined);
    return least_rank % PLACES;
}

function pick(this: Xed, candidates: Candidates<Estimate>, now: MonotonicTime): Peer<Estimate> {
    if (candidates.count > FULL_SCAN) sample(candidates);
    const estimates = this.estimates;
    const best = candidates.peers[find_best(candidates, estimates, now)]!;
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
