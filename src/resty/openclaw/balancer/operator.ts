/** What an operator sees of an upstream's nodes and can change while nginx runs. */
import * as addresses from "../core/http/address";
import * as clock from "../core/time/clock";
import type { Reason } from "./left_out";
import * as left_out from "./left_out";
import * as membership_of from "./membership";
import type { Change, Membership, Upstream } from "./model";
import * as nodes from "./node";
import type { State } from "./peer";
import * as peer_of from "./peer";

/** What is known of one node. */
export interface NodeReport {
    readonly address: string;
    readonly state: State;
    /** Why it gets no requests, and in how many seconds it may get them again, if that is known. */
    readonly reason: Reason | undefined;
    readonly seconds_left: number | undefined;
    readonly weight: number;
    readonly drain: boolean;
    readonly in_flight: number;
    /** Its share of the requests: learned, where 1 is an equal share, or its static weight. */
    readonly effective_weight: number;
    readonly service_seconds: number | undefined;
    readonly concurrency: number | undefined;
    /** Whether an operator changed it since nginx started. */
    readonly changed: boolean;
}

/** A change that an operator makes to a node; absent fields stay as they are. */
export interface NodePatch {
    readonly weight?: number;
    readonly drain?: boolean;
    readonly remove?: boolean;
}

/** What is known of each node now. Phases: any. */
export function report(upstream: Upstream): NodeReport[] {
    const { policy, pool, membership } = upstream;
    const now = clock.now();
    const changes = membership_of.changes(membership);
    const reports: NodeReport[] = [];
    for (const peer of pool.peers) {
        reports.push({
            address: peer.node.address,
            state: peer_of.state(peer, now),
            reason: left_out.reason(peer, now),
            seconds_left: left_out.seconds(peer, now),
            weight: peer.weight,
            drain: peer.is_draining,
            in_flight: nodes.in_flight(peer.node),
            effective_weight: policy.weight(peer, pool.peers),
            service_seconds: policy.service_seconds?.(peer),
            concurrency: policy.concurrent_requests?.(peer),
            changed: changes[peer.node.address] !== undefined,
        });
    }
    return reports;
}

/** The addresses of nodes that an operator removed, sorted. Phases: any. */
export function removed(membership: Membership): string[] {
    const found: string[] = [];
    for (const [address, its_change] of pairs(membership_of.changes(membership))) {
        if (its_change.removed === true) found.push(address);
    }
    table.sort(found);
    return found;
}

/** Whether the configuration or the DNS has the node. */
function is_listed(membership: Membership, address: string): boolean {
    for (const node of membership_of.listed(membership)) {
        if (node.address === address) return true;
    }
    return false;
}

/** The change after a patch; nothing if no change is left. */
function changed(before: Change, patch: NodePatch, is_known: boolean): Change | undefined {
    if (patch.remove === true) return is_known ? { removed: true } : undefined;
    const after: Change = {};
    if (!is_known) after.added = true;
    const weight = patch.weight ?? before.weight;
    const drain = patch.drain ?? before.drain;
    if (weight !== undefined) after.weight = weight;
    if (drain !== undefined) after.drain = drain;
    return after;
}

/**
 * Changes a node's weight, drains it, adds it if it is not in the list, or removes it. All workers apply the change at once. Phases:
 * those that may yield. On failure false and why.
 */
export function change(
    membership: Membership,
    text: string,
    patch: NodePatch,
): LuaMultiReturn<[ok: boolean, err?: string]> {
    const [address] = addresses.parse(text);
    if (address === undefined) return $multi(false, "no IP address and port");
    if (patch.weight !== undefined && !(patch.weight > 0 && patch.weight < math.huge)) {
        return $multi(false, "the weight must be a number above 0; to take the node out of service, set drain");
    }
    const is_known = is_listed(membership, address);
    return membership_of.change(membership, address, (before) => changed(before, patch, is_known));
}

/** Undoes all changes of a node. Otherwise like `change`. */
export function forget(membership: Membership, text: string): LuaMultiReturn<[ok: boolean, err?: string]> {
    const [address] = addresses.parse(text);
    if (address === undefined) return $multi(false, "no IP address and port");
    return membership_of.change(membership, address, () => undefined);
}
