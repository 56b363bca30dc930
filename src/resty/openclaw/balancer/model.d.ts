/**
 * The types that the balancer's modules share: peers, upstreams, the list of their peers, and policies. Policies do not depend
 * on nginx: the time is an argument.
 */
import type { Lock } from "../core/memory/lock";
import type { HeldRow } from "../core/memory/shared_memory/held_rows";
import type { Faults } from "../core/metrics/fault";
import type { Counter, Histogram } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import type { BusyStatuses } from "./busy_statuses";
import type { Discovery } from "./discovery";
import type { Node } from "./node";
import type { Entry } from "./nodes_option";
import type { RetryBudget } from "./retry_budget";
import type { StatusList } from "./status_list";
import type { TryFigures } from "./try_figures";

export interface Peer<Learned = unknown> {
    readonly node: Node;
    readonly row: HeldRow;
    /** Requests that this worker has there. */
    requests: number;
    /** Static: 1 unless configured. */
    weight: number;
    /** Gets no new requests; those in flight go on. */
    is_draining: boolean;
    /** The node's name for TLS; nothing for a node that is listed by its address. */
    server_name: string | undefined;
    /** Its Host header, for `host = "node"`. */
    host_header: string;
    /** Records in the common block: its failures (see `outlier_detection`), and its health checks (see `health_state`). */
    readonly record: Doubles;
    readonly checks: Doubles;
    /** Of its last slow start; see `peer`. */
    readonly slow_start: Doubles;
    /** What some worker has learned of it, for new workers; see `warm_start`. */
    readonly warm_start: Doubles;
    /** The number of the last slow start that this worker has noticed. */
    known_start: number;
    /** Whether it is in a slow start, and gets few requests at a time. */
    is_in_slow_start: boolean;
    /** Metrics of the tries at it for this upstream. */
    readonly figures: TryFigures;
    /** What the policy has learned of it, in this worker. */
    learned: Learned;
    /** The last round of choices whose request was tried here before. */
    tried_in: number;
    /** The upstream that it serves, once it is in its list. */
    upstream: Upstream | undefined;
}

/** What an operator changed at one node. */
export interface Change {
    weight?: number;
    drain?: boolean;
    /** The node is in no configuration. */
    added?: boolean;
    removed?: boolean;
    since?: MonotonicTime;
}

/** A node of the configuration or the DNS. */
export interface Listed {
    readonly address: string;
    readonly host: string;
    readonly port: number;
    readonly weight: number;
    readonly is_draining: boolean;
    /** The host name that it is an address of. */
    readonly server_name?: string;
}

export interface Membership {
    readonly registry: Registry;
    readonly upstream: string;
    readonly entries: readonly Entry[];
    /** Turns names into addresses, if there are names. */
    discovery: Discovery | undefined;
    /** Whether there are health checks. */
    readonly is_checked: boolean;
    readonly faults: Faults;
    /** Held while an operator's change is made. */
    readonly lock: Lock;
    /** The number of the last change, in the common block, and the one that this worker has applied. */
    readonly version: Doubles;
    seen: number;
    by_address: LuaMap<string, Peer>;
    /** Peers that are no longer in the list, but may have requests, by address. */
    retired: LuaMap<string, Peer>;
    has_retired: boolean;
    /** Whether a node is missing because there was no memory for it. */
    is_incomplete: boolean;
}

export interface Pool {
    readonly policy: Policy;
    peers: readonly Peer[];
    /** Peers that do not drain. */
    members: number;
    readonly candidates: Candidates;
    /** If fewer than this share of the members are up, all of them get requests. */
    readonly panic_share: number;
    /** Number of choices for requests that were tried elsewhere before. */
    rounds: number;
    /** Members left after the last choice that are not busy and have not had its request, up or down. */
    others: number;
    /** Those that are up but busy in the current choice. */
    readonly busy: Candidates;
    /**
     * When all members were candidates of a choice, if the candidates are still those of that choice; and the number of
     * `state_changes` at that time.
     */
    complete_at: MonotonicTime | undefined;
    complete_changes: number;
}

/** Which Host header nodes get: that of nginx.conf, usually the client's, or the node's own name. */
export type Host = "client" | "node";

/** When a request is done: with the first byte of its answer, with its end, or by the type of the answer. */
export type Signal = "auto" | "ttfb" | "total";

export interface Upstream {
    readonly name: string;
    readonly policy: Policy;
    readonly pool: Pool;
    readonly membership: Membership;
    readonly signal: Signal;
    /** Maximum number of tries of one request. */
    readonly tries: number;
    /** The statuses with which a node says that it has no room. */
    readonly busy_statuses: BusyStatuses;
    readonly host: Host;
    /** The statuses that count as failures of a node. */
    readonly failure_statuses: StatusList;
    /** Who sends its requests: a record in the common block, see `clients`. */
    readonly clients: Doubles;
    readonly budget: RetryBudget;
    /** Gets the requests that no node here can serve. */
    readonly fallback: Upstream | undefined;
    /** A record in the common block, see `failover`. */
    readonly failover: Doubles;
    readonly waits: Histogram;
    readonly retries: Counter;
    readonly retries_refused: Counter;
    readonly fallbacks: Counter;
}

/** The peers among which a policy may choose; reused for each choice. */
export interface Candidates<Learned = unknown> {
    readonly peers: Peer<Learned>[];
    count: number;
}

export interface Policy<Learned = unknown> {
    /** The state that it keeps of a peer, made when the peer joins or has a slow start. */
    learn(peer: Peer): Learned;
    /**
     * The peer to take; there is at least one candidate, and the policy may reorder them.
     * @param key the value to hash, if `key_variable` is set
     */
    pick(candidates: Candidates<Learned>, now: MonotonicTime, key: string | undefined): Peer<Learned>;
    /** Called when the list of peers has changed. */
    list_changed?(peers: readonly Peer<Learned>[]): void;
    /** Called after each try; `seconds`: how long it took, if that is known. */
    succeeded?(peer: Peer<Learned>, now: MonotonicTime, seconds: number | undefined): void;
    failed?(peer: Peer<Learned>): void;
    /** Called ten times a second in each worker. */
    tick?(peers: readonly Peer<Learned>[], now: MonotonicTime): void;
    /** Whether it learns from the seconds that a try took. */
    readonly wants_seconds?: boolean;
    /** The nginx variable whose value it hashes. */
    readonly key_variable?: string;
    /** A peer's share of the requests as this worker sees it; 1 is an equal share, or the peer's static weight. */
    weight(peer: Peer<Learned>, peers: readonly Peer<Learned>[]): number;
    /** What it has learned of a peer: mean seconds of work per request, and how many it handles concurrently. */
    service_seconds?(peer: Peer<Learned>): number;
    concurrent_requests?(peer: Peer<Learned>): number;
}

/** A node whose latency is below `below_seconds` has `weight` times its static weight. */
export interface Bucket {
    readonly below_seconds: number;
    readonly weight: number;
}

/** The options of all policies. */
export interface PolicyOptions {
    /** Nothing for the policy's default. */
    readonly buckets: readonly Bucket[] | undefined;
    /** Present if the policy needs it. */
    readonly hash_on: string | undefined;
    readonly load_factor: number;
}

/** Makes a policy. Phases: init. */
export type NewPolicy = (this: void, options: PolicyOptions) => Policy;
