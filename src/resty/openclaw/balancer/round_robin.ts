/** Nodes in turn, by their static weights: what nginx does by itself. Each worker takes turns of its own. */
import type { Peers } from "./peers";
import type { Candidates, Policy } from "./policy";
import * as smooth_weighted from "./smooth_weighted";

interface RoundRobin {
    readonly peers: Peers;
    readonly turns: smooth_weighted.Turns;
}

function pick(this: RoundRobin, candidates: Candidates): number {
    return smooth_weighted.take(this.turns, candidates, this.peers.weight);
}

function weight(this: RoundRobin, index: number): number {
    return this.peers.weight.get(index);
}

const metatable = { __index: { pick, weight } };

/** The policy for these nodes. */
function create(peers: Peers): Policy {
    return setmetatable({ peers, turns: smooth_weighted.new(peers.size) }, metatable) as unknown as Policy;
}
export { create as new };
