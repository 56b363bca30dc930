/** What every way to choose a peer looks like. Nothing in a policy knows nginx: time comes in as an argument. */

import type { Peer } from "./peer";

/** The peers among which a policy may choose; kept by the balancer and filled anew for each pick. */
export interface Candidates<Learned = unknown> {
    readonly peers: Peer<Learned>[];
    count: number;
}

export interface Policy<Learned = unknown> {
    /** What it keeps of a peer that joins, or begins anew. */
    learn(peer: Peer): Learned;
    /**
     * The peer to take; there is at least one candidate, and the policy may reorder them.
     * @param key what the request is to be hashed by, where `key_variable` is set
     */
    pick(candidates: Candidates<Learned>, now: number, key: string | undefined): Peer<Learned>;
    /** Called when another list of peers is in force. */
    list_changed?(peers: readonly Peer<Learned>[]): void;
    /** How a try ended; `seconds`: how long it took, where that is known. */
    succeeded?(peer: Peer<Learned>, now: number, seconds: number | undefined): void;
    failed?(peer: Peer<Learned>): void;
    /** Called ten times a second in each worker. */
    tick?(peers: readonly Peer<Learned>[], now: number): void;
    /** Whether it learns from the seconds that a try took. */
    readonly wants_seconds?: boolean;
    /** The nginx variable whose value it hashes. */
    readonly key_variable?: string;
    /** A peer's share of the work as this worker sees it: 1 for one that gets its equal share. */
    weight(peer: Peer<Learned>, peers: readonly Peer<Learned>[]): number;
    /** What it has learned of a peer: the mean time of work on one request, and how many go on side by side. */
    service_seconds?(peer: Peer<Learned>): number;
    concurrent_requests?(peer: Peer<Learned>): number;
}

/** Below `below_seconds` a node weighs `weight` times its static weight. */
export interface Bucket {
    readonly below_seconds: number;
    readonly weight: number;
}

/** The options of all policies. */
export interface PolicyOptions {
    /** Nothing for those of the policy itself. */
    readonly buckets: readonly Bucket[] | undefined;
    /** Given where the policy needs it. */
    readonly hash_on: string | undefined;
    readonly load_factor: number;
}

/** Makes a policy. Phases: init. */
export type NewPolicy = (this: void, options: PolicyOptions) => Policy;
