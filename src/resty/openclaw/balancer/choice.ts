/**
 * Which peers a request may go to, and, of these, which one. Nothing here knows nginx: time comes in as an argument.
 *
 * Not to peers that drain, are down or ejected, or say that they are busy; with care to those that began lately. At most
 * half of them are left out for being ejected, and of those that are up at most half for being busy: one client can make
 * a node say so. When too few are up, the others are tried as well: they may be better than their reputation, and those
 * left would break too.
 */
import * as ejection from "./ejection";
import * as verdicts from "./health_check/verdicts";
import * as peer_of from "./peer";
import type { Candidates, Peer, Policy, Pool } from "./model";

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
    };
}
export { create as new };

/** Takes another list of peers. Phases: any. */
export function set_peers(pool: Pool, peers: readonly Peer[]): void {
    let members = 0;
    for (const peer of peers) {
        if (!peer.is_draining) members += 1;
        if (peer_of.has_begun(peer)) peer.learned = pool.policy.learn(peer);
    }
    pool.peers = peers;
    pool.members = members;
    if (pool.policy.list_changed !== undefined) pool.policy.list_changed(peers);
}

/** The peers that are passed over in the present choice, and why. */
let down = 0;
/** So many ejected ones may still be: half of the members in all. */
let ejected_left = 0;
let loaded = 0;
/** Available peers that began so long ago that they need no care. */
let started = 0;
let to_probe: Peer | undefined;

/** Whether a peer is neither down nor ejected; notes why not. */
function is_up(peer: Peer, now: number): boolean {
    if (verdicts.is_down(peer.checks)) {
        down += 1;
        return false;
    }
    if (ejection.is_ejected(peer.record)) {
        if (ejection.wants_probe(peer.record, now)) to_probe = peer;
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

/** A round in which nothing was tried. */
const NO_ROUND = -1;

/** Adds a peer that is available to the candidates, unless it is one to be loaded with care that has enough for now. */
function add_with_care(candidates: Candidates, peer: Peer): void {
    if (peer_of.is_loaded_enough(peer)) loaded += 1;
    else add(candidates, peer);
    if (!peer.is_starting) started += 1;
}

/** Looks at a member where the request has not been in this round. */
function consider(pool: Pool, peer: Peer, now: number): void {
    const is_busy = ejection.seconds_busy(peer.record, now) > 0;
    if (!is_busy) pool.others += 1;
    if (!is_up(peer, now)) return;
    if (is_busy) add(pool.busy, peer);
    else add_with_care(pool.candidates, peer);
}

function begin_choice(pool: Pool): void {
    pool.candidates.count = 0;
    pool.busy.count = 0;
    pool.others = 0;
    ejected_left = math.floor(pool.members / 2);
    down = 0;
    loaded = 0;
    started = 0;
    to_probe = undefined;
}

/** Fills in the candidates: the available peers where the request has not been in this round. */
function find_available(pool: Pool, round: number, now: number): void {
    begin_choice(pool);
    for (const place of $range(0, pool.peers.length - 1)) {
        const peer = pool.peers[place]!;
        if (peer_of.has_begun(peer)) peer.learned = pool.policy.learn(peer);
        if (!peer.is_draining) {
            if (peer.tried_in === round) is_up(peer, now);
            else consider(pool, peer, now);
        }
    }
}

/** Of those passed over for being busy, the ones from this place on are taken in all the same. */
function first_taken_in(pool: Pool, round: number): number {
    // What a node without room has refused is not sent on to the next one without room.
    if (round !== NO_ROUND) return pool.busy.count;
    return math.floor((pool.members - down) / 2);
}

/**
 * Takes busy peers in as well, where more than half of those that are up are busy, until half of these can be chosen; only
 * for a request that has been nowhere.
 */
function take_busy_in(pool: Pool, round: number): void {
    if (pool.busy.count === 0) return;
    for (const place of $range(first_taken_in(pool, round), pool.busy.count - 1)) {
        add_with_care(pool.candidates, pool.busy.peers[place]!);
    }
}

/** Fills in the available peers anew, also those that were to be loaded with care. */
function find_all_available(pool: Pool, round: number, now: number): void {
    const { busy, candidates } = pool;
    const first_busy = first_taken_in(pool, round);
    candidates.count = 0;
    ejected_left = math.floor(pool.members / 2);
    for (const peer of pool.peers) {
        const is_free = !peer.is_draining && is_up(peer, now) && ejection.seconds_busy(peer.record, now) === 0;
        if (is_free && peer.tried_in !== round) add(candidates, peer);
    }
    for (const place of $range(first_busy, busy.count - 1)) add(candidates, busy.peers[place]!);
}

/** Fills in the members where the request has not been in this round, also those that are down; busy ones are not. */
function find_any(pool: Pool, round: number, now: number): void {
    pool.candidates.count = 0;
    for (const peer of pool.peers) {
        const is_busy = ejection.seconds_busy(peer.record, now) > 0;
        if (!peer.is_draining && !is_busy && peer.tried_in !== round) add(pool.candidates, peer);
    }
    pool.others = pool.candidates.count;
}

/** As `find_any`, where a few are up: of these at most half are left out for being busy. */
function find_many(pool: Pool, round: number, now: number): void {
    find_any(pool, round, now);
    for (const place of $range(first_taken_in(pool, round), pool.busy.count - 1)) {
        add(pool.candidates, pool.busy.peers[place]!);
    }
}

/** The policy's choice among the candidates. */
function pick_candidate(pool: Pool, now: number, key: string | undefined): Peer | undefined {
    if (pool.candidates.count === 0) return undefined;
    const peer = pool.policy.pick(pool.candidates, now, key);
    if (ejection.seconds_busy(peer.record, now) === 0) pool.others -= 1;
    return peer;
}

function pick(pool: Pool, round: number, now: number, key: string | undefined): Peer | undefined {
    take_busy_in(pool, round);
    // So few are up that it is better to try them all; where none is, that is for the caller to say.
    const up = pool.members - down;
    if (down > 0 && up > 0 && up < pool.panic_share * pool.members) find_many(pool, round, now);
    // Care is for a few among many. When all begin, or nobody else has room, it would only put weights out of force.
    else if (loaded > 0 && (started === 0 || pool.candidates.count === 0)) find_all_available(pool, round, now);
    const peer = pick_candidate(pool, now, key);
    return peer;
}

/**
 * The peer for a request that has been at none; nothing when none is available. Phases: balancer.
 * @param key what to hash, for a policy that does
 */
export function first(pool: Pool, now: number, key: string | undefined): Peer | undefined {
    find_available(pool, NO_ROUND, now);
    if (to_probe !== undefined) {
        ejection.probe(to_probe.record, now);
        pool.others -= 1;
        return to_probe;
    }
    const peer = pick(pool, NO_ROUND, now, key);
    return peer;
}

/** Begins a round for a request that has been at some peers, which are to be marked. Phases: balancer. */
export function begin_round(pool: Pool): void {
    pool.rounds += 1;
}

/** Marks a peer where the request has been. Phases: balancer. */
export function mark(pool: Pool, peer: Peer): void {
    peer.tried_in = pool.rounds;
}

/** The peer for a request that has been at the marked ones; nothing when no other is available. Phases: balancer. */
export function another(pool: Pool, now: number, key: string | undefined): Peer | undefined {
    find_available(pool, pool.rounds, now);
    const peer = pick(pool, pool.rounds, now, key);
    return peer;
}

/** Fills in all members: there is nobody else. */
function find_busy(pool: Pool): void {
    for (const peer of pool.peers) {
        if (!peer.is_draining) add(pool.candidates, peer);
    }
}

/**
 * A peer although none is available: those that are down are tried, marked ones are not. Busy ones are only for a request
 * that has been nowhere, and where all are busy. Phases: balancer.
 */
export function in_panic(pool: Pool, now: number, key: string | undefined, is_first: boolean): Peer | undefined {
    find_any(pool, pool.rounds, now);
    if (is_first && pool.candidates.count === 0) find_busy(pool);
    const peer = pick_candidate(pool, now, key);
    return peer;
}

/** Seconds until one of the peers may be available again, at most 10; 10 where that is not known. Phases: any. */
export function seconds_left(pool: Pool, now: number): number {
    let seconds = 10;
    for (const peer of pool.peers) {
        if (!peer.is_draining && !verdicts.is_down(peer.checks)) {
            seconds = math.min(seconds, peer_of.seconds_left(peer, now));
        }
    }
    return seconds;
}
