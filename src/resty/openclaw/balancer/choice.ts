/**
 * Which peers a request may go to, and which of these it goes to. Does not depend on nginx: the time is an argument.
 *
 * Peers that drain, are down, ejected or busy get no requests; peers in a slow start get few at a time. At most half of the
 * members are left out because they are ejected, and at most half of those that are up because they are busy, as a single client
 * can make a node say so. If too few are up, the others get requests too: they may work, and those left would be overloaded.
 */
import * as straight_loop from "../core/code/straight_loop";
import * as health_state from "./health_check/health_state";
import type { Candidates, Peer, Policy, Pool } from "./model";
import * as outlier_detection from "./outlier_detection";
import * as peer_of from "./peer";
import * as state_changes from "./state_changes";

/** An empty pool. Phases: any. */
function create(policy: Policy, panic_share: number): Pool {
    return {
        policy,
        peers: [],
        members: 0,
        candidates: { peers: [], count: 0 },
        panic_share,
        rounds: 0,
        others: 0,
        busy: { peers: [], count: 0 },
        complete_at: undefined,
        complete_changes: 0,
    };
}
export { create as new };

/** Takes another list of peers. Phases: any. */
export function set_peers(pool: Pool, peers: readonly Peer[]): void {
    let members = 0;
    for (const peer of peers) {
        if (!peer.is_draining) members += 1;
        if (peer_of.has_restarted(peer)) peer.learned = pool.policy.learn(peer);
    }
    pool.peers = peers;
    pool.members = members;
    pool.complete_at = undefined;
    if (pool.policy.list_changed !== undefined) pool.policy.list_changed(peers);
}

/** How many peers are left out of the current choice, and why. */
let down = 0;
/** How many more ejected ones may be left out: half of the members in all. */
let ejected_left = 0;
let loaded = 0;
/** Available peers that are not in a slow start. */
let started = 0;
let to_probe: Peer | undefined;

/** Whether a peer is neither down nor ejected; counts it if it is. */
function is_up(peer: Peer, now: MonotonicTime): boolean {
    if (health_state.is_down(peer.checks)) {
        down += 1;
        return false;
    }
    if (outlier_detection.is_ejected(peer.record)) {
        if (outlier_detection.wants_probe(peer.record, now)) to_probe = peer;
        ejected_left -= 1;
        if (ejected_left >= 0) {
            down += 1;
            return false;
        }
    }
    return true;
}

function add(candidates: Candidates, peer: Peer): void {
    candidates.peers[candidates.count] = peer;
    candidates.count += 1;
}

/** The round of a request that was tried nowhere. */
const NO_ROUND = -1;

/** Adds an available peer to the candidates, unless it has reached the in-flight limit of its slow start. */
function add_available(candidates: Candidates, peer: Peer): void {
    if (peer_of.is_at_slow_start_limit(peer)) loaded += 1;
    else add(candidates, peer);
    if (!peer.is_in_slow_start) started += 1;
}

/** Considers a member where the request was not tried in this round. */
function consider(pool: Pool, peer: Peer, now: MonotonicTime): void {
    const is_busy = outlier_detection.seconds_busy(peer.record, now) > 0;
    if (!is_busy) pool.others += 1;
    if (!is_up(peer, now)) return;
    if (is_busy) add(pool.busy, peer);
    else add_available(pool.candidates, peer);
}

function begin_choice(pool: Pool): void {
    pool.complete_at = undefined;
    pool.candidates.count = 0;
    pool.busy.count = 0;
    pool.others = 0;
    ejected_left = math.floor(pool.members / 2);
    down = 0;
    loaded = 0;
    started = 0;
    to_probe = undefined;
}

function look_at(this: void, peer: Peer, pool: Pool, round: number, now: MonotonicTime): void {
    if (peer_of.has_restarted(peer)) peer.learned = pool.policy.learn(peer);
    if (peer.is_draining) return;
    if (peer.tried_in === round) is_up(peer, now);
    else consider(pool, peer, now);
}

const look_at_all = straight_loop.over(look_at);

/** Finds the candidates: the available peers where the request was not tried in this round. */
function find_available(pool: Pool, round: number, now: MonotonicTime): void {
    begin_choice(pool);
    look_at_all(pool.peers, pool.peers.length, pool, round, now);
}

/** The same for a request that was tried nowhere. If all members were candidates, they still are within that millisecond. */
function find_first(pool: Pool, now: MonotonicTime): void {
    const changes = state_changes.count();
    if (pool.complete_at === now && pool.complete_changes === changes) {
        pool.candidates.count = pool.members;
        pool.others = pool.members;
        down = 0;
        loaded = 0;
        to_probe = undefined;
        return;
    }
    find_available(pool, NO_ROUND, now);
    // A peer in a slow start has a limit, which each request may reach; one to probe is no usual candidate.
    if (to_probe !== undefined || started !== pool.members || pool.candidates.count !== pool.members) return;
    pool.complete_at = now;
    pool.complete_changes = changes;
}

/** The index in `pool.busy` from which on busy peers become candidates all the same. */
function first_busy_taken(pool: Pool, round: number): number {
    // A request that a busy node has refused does not go to another busy node.
    if (round !== NO_ROUND) return pool.busy.count;
    return math.floor((pool.members - down) / 2);
}

/**
 * If more than half of the peers that are up are busy, adds busy ones until half of those that are up are candidates. Only for a
 * request that was tried nowhere.
 */
function add_busy(pool: Pool, round: number): void {
    if (pool.busy.count === 0) return;
    for (const place of $range(first_busy_taken(pool, round), pool.busy.count - 1)) {
        add_available(pool.candidates, pool.busy.peers[place]!);
    }
}

/** Finds the available peers again, including those that have reached the limit of their slow start. */
function find_all_available(pool: Pool, round: number, now: MonotonicTime): void {
    const { busy, candidates } = pool;
    const first_busy = first_busy_taken(pool, round);
    candidates.count = 0;
    ejected_left = math.floor(pool.members / 2);
    for (const peer of pool.peers) {
        const is_free = !peer.is_draining && is_up(peer, now) && outlier_detection.seconds_busy(peer.record, now) === 0;
        if (is_free && peer.tried_in !== round) add(candidates, peer);
    }
    for (const place of $range(first_busy, busy.count - 1)) add(candidates, busy.peers[place]!);
}

/** Finds all members that are not busy and where the request was not tried in this round, up or down. */
function find_any(pool: Pool, round: number, now: MonotonicTime): void {
    pool.complete_at = undefined;
    pool.candidates.count = 0;
    for (const peer of pool.peers) {
        const is_busy = outlier_detection.seconds_busy(peer.record, now) > 0;
        if (!peer.is_draining && !is_busy && peer.tried_in !== round) add(pool.candidates, peer);
    }
    pool.others = pool.candidates.count;
}

/** Like `find_any`, if some are up: of these at most half are left out because they are busy. */
function find_many(pool: Pool, round: number, now: MonotonicTime): void {
    find_any(pool, round, now);
    for (const place of $range(first_busy_taken(pool, round), pool.busy.count - 1)) {
        add(pool.candidates, pool.busy.peers[place]!);
    }
}

/** The policy's choice among the candidates. */
function pick_candidate(pool: Pool, now: MonotonicTime, key: string | undefined): Peer | undefined {
    if (pool.candidates.count === 0) return undefined;
    const peer = pool.policy.pick(pool.candidates, now, key);
    if (outlier_detection.seconds_busy(peer.record, now) === 0) pool.others -= 1;
    return peer;
}

function pick(pool: Pool, round: number, now: MonotonicTime, key: string | undefined): Peer | undefined {
    add_busy(pool, round);
    // If none is up, the caller decides.
    const up = pool.members - down;
    if (down > 0 && up > 0 && up < pool.panic_share * pool.members) find_many(pool, round, now);
    // If all peers are in a slow start, or no other is available, its limits would only override the weights.
    else if (loaded > 0 && (started === 0 || pool.candidates.count === 0)) find_all_available(pool, round, now);
    const peer = pick_candidate(pool, now, key);
    return peer;
}

/**
 * The peer for a first try; nothing if none is available. Phases: balancer.
 * @param key the value to hash, for a policy that does so
 */
export function first(pool: Pool, now: MonotonicTime, key: string | undefined): Peer | undefined {
    find_first(pool, now);
    if (to_probe !== undefined) {
        outlier_detection.probe(to_probe.record, now);
        pool.others -= 1;
        return to_probe;
    }
    const peer = pick(pool, NO_ROUND, now, key);
    return peer;
}

/** Begins a round for a request that was tried before; the peers of its tries are to be marked. Phases: balancer. */
export function begin_round(pool: Pool): void {
    pool.rounds += 1;
}

/** Marks a peer where the request was tried. Phases: balancer. */
export function mark(pool: Pool, peer: Peer): void {
    peer.tried_in = pool.rounds;
}

/** The peer for a request that was tried at the marked ones; nothing if no other is available. Phases: balancer. */
export function another(pool: Pool, now: MonotonicTime, key: string | undefined): Peer | undefined {
    find_available(pool, pool.rounds, now);
    const peer = pick(pool, pool.rounds, now, key);
    return peer;
}

/** Finds all members. */
function find_busy(pool: Pool): void {
    for (const peer of pool.peers) {
        if (!peer.is_draining) add(pool.candidates, peer);
    }
}

/**
 * A peer although none is available: one that is down and not marked. A busy one only for a first try, if all are busy. Phases:
 * balancer.
 */
export function in_panic(pool: Pool, now: MonotonicTime, key: string | undefined, is_first: boolean): Peer | undefined {
    find_any(pool, pool.rounds, now);
    if (is_first && pool.candidates.count === 0) find_busy(pool);
    const peer = pick_candidate(pool, now, key);
    return peer;
}

/** Seconds until one of the peers may be available again, at most 10; 10 if that is not known. Phases: any. */
export function seconds_left(pool: Pool, now: MonotonicTime): number {
    let seconds = 10;
    for (const peer of pool.peers) {
        if (!peer.is_draining && !health_state.is_down(peer.checks)) {
            seconds = math.min(seconds, peer_of.seconds_left(peer, now));
        }
    }
    return seconds;
}
