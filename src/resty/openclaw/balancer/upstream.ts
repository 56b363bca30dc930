/** An upstream as the balancer keeps it: what the user said of it, its peers, and what is counted. */
import type { Counter, Histogram } from "../metric_handles";
import type { BusyStatuses } from "./busy_statuses";
import * as choice from "./choice";
import type { Pool } from "./choice";
import * as degradation from "./degradation";
import * as verdicts from "./health_check/verdicts";
import * as membership_of from "./membership";
import type { Membership } from "./membership";
import type { Host } from "./node_name";
import type { Policy } from "./policy";
import type { RetryBudget } from "./retry_budget";
import type { StatusList } from "./status_list";

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
