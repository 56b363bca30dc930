/**
 * Which peers a request may go to, and, of these, which one. Nothing here knows nginx: time comes in as an argument.
 *
 * Not to peers that drain, are down or ejected, or say that they are busy; with care to those that began lately. At most
 * half of them are left out for being ejected. When too few are up, the others are tried as well: they may be better than
 * their reputation, and those left would break too.
 */
import * as ejection from "./ejection";
import * as verdicts from "./health_check/verdicts";
import * as peer_of from "./peer";
import type { Peer } from "./peer";
import type { Candidates, Policy } from "./policy";

export interface Pool {
    readonly policy: Policy;
    peers: readonly Peer[];
    /** Peers that do not drain. */
    members: number;
    readonly candidates: Candidates;
    /** When fewer than this share of the members are up, all are tried. */
    readonly panic_share: number;
    /** Counts the choices for requests that had been elsewhere. */
    rounds: number;
}

/** An empty pool. Phases: any. */
function create(policy: Policy, panic_share: number): Pool {
    return { policy, peers: [], members: 0, candidates: { peers: [], count: 0 }, panic_share, rounds: 0 };
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

/** Whether requests may go to a peer, other than with care; notes why not. */
function is_available(peer: Peer, now: number): boolean {
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
    return ejection.seconds_busy(peer.record, now) === 0;
}

function add(candidates: Candidates, peer: Peer): void {
    candidates.peers[candidates.count] = peer;
    candidates.count += 1;
}

/** Fills in the candidates: the available peers where the request has not been in this round. */
function find_available(pool: Pool, round: number, now: number): void {
    const candidates = pool.candidates;
    candidates.count = 0;
    ejected_left = math.floor(pool.members / 2);
    down = 0;
    loaded = 0;
    started = 0;
    to_probe = undefined;
    for (const place of $range(0, pool.peers.length - 1)) {
        const peer = pool.peers[place]!;
        if (peer_of.has_begun(peer)) peer.learned = pool.policy.learn(peer);
        if (!peer.is_draining && is_available(peer, now) && peer.tried_in !== round) {
            if (peer_of.is_loaded_enough(peer)) loaded += 1;
            else add(candidates, peer);
            if (!peer.is_starting) started += 1;
        }
    }
}

/** Fills in the available peers anew, also those that were to be loaded with care. */
function find_all_available(pool: Pool, round: number, now: number): void {
    pool.candidates.count = 0;
    ejected_left = math.floor(pool.members / 2);
    for (const peer of pool.peers) {
        if (!peer.is_draining && is_available(peer, now) && peer.tried_in !== round) add(pool.candidates, peer);
    }
}

/** Fills in the members where the request has not been in this round, also those that are down; busy ones are not. */
function find_any(pool: Pool, round: number, now: number): void {
    pool.candidates.count = 0;
    for (const peer of pool.peers) {
        const is_busy = ejection.seconds_busy(peer.record, now) > 0;
        if (!peer.is_draining && !is_busy && peer.tried_in !== round) add(pool.candidates, peer);
    }
}

/** The policy's choice among the candidates. */
function pick_candidate(pool: Pool, now: number, key: string | undefined): Peer | undefined {
    if (pool.candidates.count === 0) return undefined;
    const peer = pool.policy.pick(pool.candidates, now, key);
    return peer;
}

function pick(pool: Pool, round: number, now: number, key: string | undefined): Peer | undefined {
    // So few are up that it is better to try them all; where none is, that is for the caller to say.
    const up = pool.members - down;
    if (down > 0 && up > 0 && up < pool.panic_share * pool.members) find_any(pool, round, now);
    // Care is for a few among many. When all begin, or nobody else has room, it would only put weights out of force.
    else if (loaded > 0 && (started === 0 || pool.candidates.count === 0)) find_all_available(pool, round, now);
    const peer = pick_candidate(pool, now, key);
    return peer;
}

/** A round in which nothing was tried. */
const NO_ROUND = -1;

/**
 * The peer for a request that has been at none; nothing when none is available. Phases: balancer.
 * @param key what to hash, for a policy that does
 */
export function first(pool: Pool, now: number, key: string | undefined): Peer | undefined {
    find_available(pool, NO_ROUND, now);
    if (to_probe !== undefined) {
        ejection.probe(to_probe.record, now);
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

/** A peer although none is available: those that are down are tried, busy and marked ones are not. Phases: balancer. */
export function in_panic(pool: Pool, now: number, key: string | undefined): Peer | undefined {
    find_any(pool, pool.rounds, now);
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
