/** Questions to an upstream as a whole, and updates of its list of peers. */
import * as choice from "./choice";
import * as failover from "./failover";
import * as health_state from "./health_check/health_state";
import * as membership_of from "./membership";
import type { Peer, Upstream } from "./model";

/** Updates the list of peers, if it has changed. Phases: any. */
export function refresh(upstream: Upstream): void {
    if (!membership_of.has_changed(upstream.membership)) return;
    const peers = membership_of.peers(upstream.membership);
    for (const peer of peers) peer.upstream = upstream;
    choice.set_peers(upstream.pool, peers);
}

/** Whether requests go to the fallback at once. Phases: any. */
export function is_degraded(upstream: Upstream): boolean {
    return upstream.fallback !== undefined && failover.is_active(upstream.failover);
}

/** Whether any node may get requests, up or down, those of the fallback included. Phases: any. */
export function has_nodes(upstream: Upstream): boolean {
    refresh(upstream);
    if (upstream.pool.members > 0) return true;
    return upstream.fallback !== undefined && has_nodes(upstream.fallback);
}

function is_up(peer: Peer): boolean {
    return !peer.is_draining && !health_state.is_down(peer.checks);
}

/** Whether health checks have marked every node as down, those of the fallback too. Draining nodes do not count. Phases: any. */
export function is_cut(upstream: Upstream): boolean {
    refresh(upstream);
    const peers = upstream.pool.peers;
    // Nearly always the first one decides: LuaJIT does not compile a loop that ends in its first turn.
    if (peers.length > 0 && is_up(peers[0]!)) return false;
    for (const peer of peers) if (is_up(peer)) return false;
    return upstream.fallback === undefined || is_cut(upstream.fallback);
}
