/** What every way to choose a node looks like. Nothing in a policy knows nginx: time comes in as an argument. */

import type { Learner } from "./node";
import type { Options } from "../options";
import type { Peers } from "./peers";

/** The nodes among which a policy may choose, by index; kept by the balancer and filled anew for each pick. */
export interface Candidates {
    readonly index: Doubles;
    count: number;
}

export interface Policy extends Learner {
    /** Index of the node to take; there is at least one candidate. */
    pick(candidates: Candidates, now: number): number;
    /** Whether it learns from the seconds that a try took. */
    readonly wants_seconds?: boolean;
    /** Called ten times a second in each worker. */
    tick?(now: number): void;
    /** A node's share of the work as this worker sees it: 1 for a node that gets its equal share. */
    weight(index: number): number;
    /** What it has learned of a node: the mean time of work on one request, and how many go on side by side. */
    service_seconds?(index: number): number;
    concurrent_requests?(index: number): number;
}

/** Makes a policy for these nodes; raises when one of its own options is wrong. Phases: init. */
export type NewPolicy = (this: void, peers: Peers, owner: string, options: Options) => Policy;
