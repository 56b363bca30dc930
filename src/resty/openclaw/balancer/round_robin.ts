/** Peers in turn, by their static weights: what nginx does by itself. Each worker takes turns of its own. */
import type { Candidates, Peer, Policy } from "./model";
import type { Turns } from "./smooth_weighted";
import * as smooth_weighted from "./smooth_weighted";

function learn(this: Policy<Turns>): Turns {
    return smooth_weighted.none();
}

function pick(this: Policy<Turns>, candidates: Candidates<Turns>): Peer<Turns> {
    for (const place of $range(0, candidates.count - 1)) {
        const peer = candidates.peers[place]!;
        peer.learned.gain = peer.weight;
    }
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
