/**
 * What the parts of the balancer have in common: peers, upstreams, the list of their peers, and what every way to choose a peer
 * looks like. Nothing in a policy knows nginx: time comes in as an argument.
 */
import type { Faults } from "../core/metrics/fault";
import type { Counter, Histogram } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import type { HeldRow } from "../core/memory/shared_memory/held_rows";
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
    /** Static: 1 unless told otherwise. */
    weight: number;
    /** Gets no new requests; those it has go on. */
    is_draining: boolean;
    /** The node's name for TLS; nothing where the user has listed its address. */
    server_name: string | undefined;
    /** What it gets as Host where it is to get its own. */
    host_header: string;
    /** Its failures and the verdicts of health checks; `ejection` and `verdicts` know what is where. */
    readonly record: Doubles;
    readonly checks: Doubles;
    /** When it last began anew; `begin_anew` knows what is where. */
    readonly beginning: Doubles;
    /** What some worker has learned of it, for workers that are new; `lesson` knows what is where. */
    readonly lesson: Doubles;
    /** Which of its beginnings this worker knows of. */
    known_beginning: number;
    /** Whether it has answered so little since it began that it is loaded with care. */
    is_starting: boolean;
    /** Of the tries at it for this upstream. */
    readonly figures: TryFigures;
    /** What the policy has learned of it, in this worker. */
    learned: Learned;
    /** The last round of choices in which its request had been there already. */
    tried_in: number;
    /** The upstream that it serves, once it is in force there. */
    upstream: Upstream | undefined;
}

/** What an operator changed at one node. */
export interface Change {
    weight?: number;
    drain?: boolean;
    /** The node stands in no configuration. */
    added?: boolean;
    removed?: boolean;
    /** When it was made, in seconds. */
    since?: number;
}

/** A node that is to be in force unless an operator removed it. */
export interface Listed {
    readonly address: string;
    readonly host: string;
    readonly port: number;
    readonly weight: number;
    readonly is_draining: boolean;
    /** The host of a name whose address it is. */
    readonly server_name?: string;
}

export interface Membership {
    readonly registry: Registry;
    readonly upstream: string;
    readonly entries: readonly Entry[];
    /** Turns names into addresses, where there are names. */
    discovery: Discovery | undefined;
    /** Whether there are health checks. */
    readonly is_checked: boolean;
    readonly faults: Faults;
    /** The number of the last change, in the common block, and the one that this worker has followed. */
    readonly version: Doubles;
    seen: number;
    by_address: LuaTable<string, Peer>;
    /** Peers that are in force no more, but may have requests, by address. */
    leaving: LuaTable<string, Peer>;
    has_leaving: boolean;
    /** Whether the list lacks a node for which there was no memory. */
    lacks_some: boolean;
}

export interface Pool {
    readonly policy: Policy;
    peers: readonly Peer[];
    /** Peers that do not drain. */
    members: number;
    readonly candidates: Candidates;
    /** When fewer than this share of the members are up, all are tried. */
    readonly panic_share: number;
    /** Counts the choices for requests that had been elsewhere. */
    rounds: number;
    /** Beside the last choice: so many members are neither busy nor have had its request, be they up or down. */
    others: number;
    /** Those passed over in the present choice for being busy. */
    readonly busy: Candidates;
}

/** Whose name nodes get as Host: the one that the client asked for, or that of nginx.conf, or the node's own. */
export type Host = "client" | "node";

/** What tells that a request is done: the first byte of the answer, its end, or whichever fits the kind of answer. */
export type Signal = "auto" | "ttfb" | "total";

export interface Upstream {
    readonly name: string;
    readonly policy: Policy;
    readonly pool: Pool;
    readonly membership: Membership;
    readonly signal: Signal;
    /** How many tries at nodes one request may take. */
    readonly tries: number;
    /** The answers by which a node says that it has no room. */
    readonly busy_statuses: BusyStatuses;
    /** Whose name nodes get as Host. */
    readonly host: Host;
    /** The answers that speak against a node. */
    readonly failure_statuses: StatusList;
    /** Who sends its requests: a record in the common block. */
    readonly clients: Doubles;
    readonly budget: RetryBudget;
    /** Takes the requests that this one has no node for. */
    readonly fallback: Upstream | undefined;
    /** Its record in the common block. */
    readonly degradation: Doubles;
    readonly waits: Histogram;
    readonly retries: Counter;
    readonly retries_refused: Counter;
    readonly fallbacks: Counter;
}

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
