/**
 * The node with the fewest requests in flight for its static weight, counted over all workers; among equals in turn.
 * Source: ngx_http_upstream_get_least_conn_peer in nginx's ngx_http_upstream_least_conn_module.c.
 */
import * as nodes from "./node";
import type { Peers } from "./peers";
import type { Candidates, Policy } from "./policy";
import * as smooth_weighted from "./smooth_weighted";

interface LeastConn {
    readonly peers: Peers;
    readonly turns: smooth_weighted.Turns;
}

/** Leaves those with the least load in the first places. */
function keep_least(policy: LeastConn, candidates: Candidates): void {
    const chosen = candidates.index;
    let least = math.huge;
    let kept = 0;
    for (const place of $range(0, candidates.count - 1)) {
        const index = chosen.get(place);
        const load = nodes.in_flight(policy.peers.nodes[index]!) / policy.peers.weight.get(index);
        if (load < least) {
            least = load;
            kept = 0;
        }
        if (load === least) {
            chosen.set(kept, index);
            kept += 1;
        }
    }
    candidates.count = kept;
}

function pick(this: LeastConn, candidates: Candidates): number {
    keep_least(this, candidates);
    if (candidates.count === 1) return candidates.index.get(0);
    return smooth_weighted.take(this.turns, candidates, this.peers.weight);
}

function weight(this: LeastConn, index: number): number {
    return this.peers.weight.get(index);
}

const metatable = { __index: { pick, weight } };

/** The policy for these nodes. */
function create(peers: Peers): Policy {
    return setmetatable({ peers, turns: smooth_weighted.new(peers.size) }, metatable) as unknown as Policy;
}
export { create as new };
