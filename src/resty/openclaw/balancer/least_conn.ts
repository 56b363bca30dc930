/**
 * The peer with the fewest requests in flight for its static weight, counted over all workers; among equals in turn.
 * Source: ngx_http_upstream_get_least_conn_peer in nginx's ngx_http_upstream_least_conn_module.c.
 */
import type { Candidates, Peer, Policy } from "./model";
import * as nodes from "./node";
import type { Turns } from "./smooth_weighted";
import * as smooth_weighted from "./smooth_weighted";

/** Moves those with the least load to the first places. */
function keep_least(candidates: Candidates<Turns>): void {
    const peers = candidates.peers;
    let least = math.huge;
    let kept = 0;
    for (const place of $range(0, candidates.count - 1)) {
        const peer = peers[place]!;
        const load = nodes.in_flight(peer.node) / peer.weight;
        if (load < least) {
            least = load;
            kept = 0;
        }
        if (load === least) {
            peer.learned.gain = peer.weight;
            peers[place] = peers[kept]!;
            peers[kept] = peer;
            kept += 1;
        }
    }
    candidates.count = kept;
}

function learn(this: Policy<Turns>): Turns {
    return smooth_weighted.none();
}

function pick(this: Policy<Turns>, candidates: Candidates<Turns>): Peer<Turns> {
    keep_least(candidates);
    return candidates.peers[smooth_weighted.take(candidates)]!;
}

function weight(this: Policy<Turns>, peer: Peer<Turns>): number {
    return peer.weight;
}

const metatable = { __index: { learn, pick, weight } };

/** The policy. Phases: init. */
function create(): Policy {
    return setmetatable({}, metatable);
}
export { create as new };
