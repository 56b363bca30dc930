/** An upstream as the balancer keeps it: what the user said of it, its peers, and what is counted. */
import * as choice from "./choice";
import * as degradation from "./degradation";
import * as verdicts from "./health_check/verdicts";
import * as membership_of from "./membership";
import type { Upstream } from "./model";

/** Follows changes of the list of peers. Phases: any. */
export function refresh(upstream: Upstream): void {
    if (!membership_of.has_changed(upstream.membership)) return;
    const peers = membership_of.peers(upstream.membership);
    for (const peer of peers) peer.upstream = upstream;
    choice.set_peers(upstream.pool, peers);
}

/** Whether requests go to the fallback at once. Phases: any. */
export function is_degraded(upstream: Upstream): boolean {
    return upstream.fallback !== undefined && degradation.is_degraded(upstream.degradation);
}

/** Whether any node may get requests, be it up or down; the fallback's count. Phases: any. */
export function has_nodes(upstream: Upstream): boolean {
    refresh(upstream);
    if (upstream.pool.members > 0) return true;
    return upstream.fallback !== undefined && has_nodes(upstream.fallback);
}

/** Whether checks have found every node down that may get requests, or there is none; the fallback's count. Phases: any. */
export function is_cut(upstream: Upstream): boolean {
    refresh(upstream);
    for (const peer of upstream.pool.peers) {
        if (!peer.is_draining && !verdicts.is_down(peer.checks)) return false;
    }
    return upstream.fallback === undefined || is_cut(upstream.fallback);
}
