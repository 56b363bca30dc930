/**
 * The failed tries of requests under way, until it is known what they say: how a request fares elsewhere tells whether the
 * node is to blame or the request.
 *
 * - Another node of the upstream answers it well: the nodes before have failed.
 * - The fallback fails it too, or calls it wrong: the request is to blame, and nothing counts. For this, failures of an
 *   upstream with a fallback wait for the answer. All others count at once, with whoever sent the request as a suspect.
 *
 * Tries that did not even come to a connection never stand here: those count at once, without a suspect.
 */
import * as random from "../core/bytes/random";
import type { RequestState } from "../core/request/request_state";
import * as clients from "./clients";
import * as degradation from "./degradation";
import * as ejection from "./ejection";
import * as peer_of from "./peer";
import type { Peer, Upstream } from "./model";

interface Failures {
    /** Where the first one was. */
    readonly upstream: Upstream;
    readonly peers: Peer[];
    /** Whether they wait. */
    readonly wait: boolean;
    /** Whether the request went on to the fallback, and whether that found nothing good in it either. */
    went_on: boolean;
    is_to_blame: boolean;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** Its failed tries, until it is known what they say. */
        failures?: Failures | undefined;
    }
}

/** Counts a failure. `is_certain`: whether nobody but the peer is to blame. Phases: balancer, header_filter, log. */
export function count(peer: Peer, now: number, is_certain: boolean): void {
    if (!peer_of.is_current(peer)) return;
    const upstream = peer.upstream!;
    const suspect = is_certain ? undefined : clients.suspect(upstream.clients, now);
    ejection.failed(peer.record, now, random.share(), suspect);
    if (upstream.policy.failed !== undefined) upstream.policy.failed(peer);
}

/** Notes a try that came to the node and failed; without a state for subrequests, of whose end nobody hears. Phases: balancer, log. */
export function add(state: RequestState | undefined, peer: Peer, now: number): void {
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
        const wait = upstream.fallback !== undefined;
        state.failures = { upstream, peers: [peer], wait, went_on: false, is_to_blame: false };
        if (!wait) count(peer, now, false);
        return;
    }
    known.peers.push(peer);
    if (known.upstream !== upstream) known.is_to_blame = true;
    if (!known.wait) count(peer, now, false);
}

/** Whether tries of the request have failed of which is not known yet what they say. Phases: header_filter. */
export function has(state: RequestState): boolean {
    return state.failures !== undefined;
}

/** Notes that the request goes on from an upstream to its fallback; false when nothing waits for what that says. Phases: balancer. */
export function goes_on(state: RequestState | undefined, upstream: Upstream): boolean {
    const known = state?.failures;
    if (known === undefined || known.upstream !== upstream) return false;
    known.went_on = true;
    return true;
}

/** Notes that a peer has answered that something is wrong with the request. Phases: balancer, log. */
export function called_wrong(state: RequestState | undefined, peer: Peer): void {
    const known = state?.failures;
    if (known !== undefined && known.upstream.fallback === peer.upstream) known.is_to_blame = true;
}

function count_missed(known: Failures, now: number): void {
    if (!known.went_on) return;
    const upstream = known.upstream;
    degradation.missed(upstream.degradation, now, clients.suspect(upstream.clients, now));
}

/** Counts what has waited, now that another peer of the same upstream has answered well. */
function confirm(known: Failures, good: Peer, now: number): void {
    for (const peer of known.peers) {
        if (peer !== good) {
            if (known.wait) count(peer, now, true);
            else if (peer_of.is_current(peer)) ejection.confirmed(peer.record, now, random.share());
        }
    }
}

/** Counts what is left to count of a request that ends. Phases: header_filter, log. */
export function finish(state: RequestState, now: number): void {
    const known = state.failures;
    if (known === undefined) return;
    state.failures = undefined;
    if (known.is_to_blame) {
        for (const peer of known.peers) if (peer_of.is_current(peer)) ejection.told_nothing(peer.record);
        return;
    }
    if (known.wait) for (const peer of known.peers) count(peer, now, false);
    count_missed(known, now);
}

/** Notes that a peer answers the request well. Phases: header_filter, log. */
export function answered(state: RequestState, peer: Peer, now: number): void {
    const known = state.failures;
    if (known === undefined) return;
    if (known.upstream !== peer.upstream) {
        known.is_to_blame = false;
        finish(state, now);
        return;
    }
    state.failures = undefined;
    confirm(known, peer, now);
}
