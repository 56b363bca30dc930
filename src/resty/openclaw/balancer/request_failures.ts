/**
 * The failed tries of current requests, until it is known whether the node or the request caused them:
 *
 * - If another node of the upstream answers the request well, the nodes before caused the failures.
 * - If the fallback fails too, or rejects the request, the request caused them, and none counts. For this, the failures of an
 *   upstream with a fallback are deferred until its answer. All others count at once, with the sender as a suspect.
 *
 * Tries without a connection are not kept here: they count at once, without a suspect.
 */
import * as random from "../core/bytes/random";
import type { RequestState } from "../core/request/request_state";
import * as clients from "./clients";
import * as failover from "./failover";
import type { Peer, Upstream } from "./model";
import * as outlier_detection from "./outlier_detection";
import * as peer_of from "./peer";

interface Failures {
    /** The upstream of the first one. */
    readonly upstream: Upstream;
    readonly peers: Peer[];
    /** Whether they count only once the request has ended. */
    readonly is_deferred: boolean;
    /** Whether the request went on to the fallback, and whether that failed or rejected it too. */
    has_fallen_back: boolean;
    is_request_at_fault: boolean;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** Its failed tries, until it is known what caused them. */
        failures?: Failures | undefined;
    }
}

/** Counts a failure. `is_certain`: whether the peer certainly caused it. Phases: balancer, header_filter, log. */
export function count(peer: Peer, now: MonotonicTime, is_certain: boolean): void {
    if (!peer_of.is_current(peer)) return;
    const upstream = peer.upstream!;
    const suspect = is_certain ? undefined : clients.suspect(upstream.clients, now);
    outlier_detection.failed(peer.record, now, random.share(), suspect);
    if (upstream.policy.failed !== undefined) upstream.policy.failed(peer);
}

/**
 * Adds a try that had a connection and failed. Phases: balancer, log.
 * @param state nothing for a subrequest: its end is never reported
 */
export function add(state: RequestState | undefined, peer: Peer, now: MonotonicTime): void {
    const upstream = peer.upstream!;
    const known = state?.failures;
    if (
        state === undefined ||
        (known !== undefined && known.upstream !== upstream && known.upstream.fallback !== upstream)
    ) {
        count(peer, now, false);
        return;
    }
    if (known === undefined) {
        const is_deferred = upstream.fallback !== undefined;
        state.failures = { upstream, peers: [peer], is_deferred, has_fallen_back: false, is_request_at_fault: false };
        if (!is_deferred) count(peer, now, false);
        return;
    }
    known.peers.push(peer);
    if (known.upstream !== upstream) known.is_request_at_fault = true;
    if (!known.is_deferred) count(peer, now, false);
}

/** Whether the request has failed tries whose cause is not known yet. Phases: header_filter. */
export function has(state: RequestState): boolean {
    return state.failures !== undefined;
}

/** Records that the request goes on to the fallback. False if it has no failed tries. Phases: balancer. */
export function note_fallback(state: RequestState | undefined, upstream: Upstream): boolean {
    const known = state?.failures;
    if (known === undefined || known.upstream !== upstream) return false;
    known.has_fallen_back = true;
    return true;
}

/** Records that a peer rejected the request, with a 4xx status for example. Phases: balancer, log. */
export function note_rejected(state: RequestState | undefined, peer: Peer): void {
    const known = state?.failures;
    if (known !== undefined && known.upstream.fallback === peer.upstream) known.is_request_at_fault = true;
}

function count_failed_over(known: Failures, now: MonotonicTime): void {
    if (!known.has_fallen_back) return;
    const upstream = known.upstream;
    failover.failed(upstream.failover, now, clients.suspect(upstream.clients, now));
}

/** Counts the failures, as another peer of the same upstream has answered the request well. */
function confirm(known: Failures, good: Peer, now: MonotonicTime): void {
    for (const peer of known.peers) {
        if (peer !== good) {
            if (known.is_deferred) count(peer, now, true);
            else if (peer_of.is_current(peer)) outlier_detection.confirmed(peer.record, now, random.share());
        }
    }
}

/** Counts the deferred failures of a request that ends. Phases: header_filter, log. */
export function finish(state: RequestState, now: MonotonicTime): void {
    const known = state.failures;
    if (known === undefined) return;
    state.failures = undefined;
    if (known.is_request_at_fault) {
        for (const peer of known.peers) if (peer_of.is_current(peer)) outlier_detection.end_probe(peer.record);
        return;
    }
    if (known.is_deferred) for (const peer of known.peers) count(peer, now, false);
    count_failed_over(known, now);
}

/** Records that a peer answers the request well. Phases: header_filter, log. */
export function answered(state: RequestState, peer: Peer, now: MonotonicTime): void {
    const known = state.failures;
    if (known === undefined) return;
    if (known.upstream !== peer.upstream) {
        known.is_request_at_fault = false;
        finish(state, now);
        return;
    }
    state.failures = undefined;
    confirm(known, peer, now);
}
