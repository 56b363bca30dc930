/**
 * To which peer each try of a request goes: the first one, and after a failure the next one, at another peer of the upstream as
 * far as the retry budget allows, then at a peer of the fallback.
 */
import * as request from "../core/request/request";
import type { RequestState } from "../core/request/request_state";
import * as upstream_tries from "../core/request/upstream_tries";
import * as busy_statuses from "./busy_statuses";
import * as choice from "./choice";
import * as failover from "./failover";
import { platform } from "./free_tries";
import type { Peer, Upstream } from "./model";
import * as request_failures from "./request_failures";
import type { RetryBudget } from "./retry_budget";
import * as retry_budget from "./retry_budget";
import * as upstreams from "./upstream";

const TOO_MANY_REQUESTS = 429;
const BAD_GATEWAY = 502;

/** The value that the upstream's policy hashes. */
function key_of(upstream: Upstream): string | undefined {
    const name = upstream.policy.key_variable;
    if (name === undefined) return undefined;
    const value = request.variable(name);
    return value;
}

/** Sets `$openclaw_degraded` to whether the fallback serves the request, if nginx.conf declares it. */
function mark_degraded(is_degraded: boolean): void {
    const before = request.variable("openclaw_degraded");
    if (before === undefined || (before === "1") === is_degraded) return;
    request.set_variable("openclaw_degraded", is_degraded ? "1" : "");
}

function first_of(upstream: Upstream, now: MonotonicTime): Peer | undefined {
    upstreams.refresh(upstream);
    const peer = choice.first(upstream.pool, now, key_of(upstream));
    return peer;
}

/** Marks the peers of an upstream at these addresses; returns how many tries were made there. */
function mark_tried(upstream: Upstream, addresses: readonly string[]): number {
    let tried = 0;
    choice.begin_round(upstream.pool);
    for (const address of addresses) {
        const peer = upstream.membership.by_address.get(address);
        if (peer !== undefined) {
            choice.mark(upstream.pool, peer);
            tried += 1;
        }
    }
    return tried;
}

/** Counts a retry; returns the peer that it goes to. */
function retried(upstream: Upstream, peer: Peer): Peer {
    retry_budget.spend(upstream.budget);
    upstream.retries.inc();
    return peer;
}

/** The peer for a first try if no peer is available: one that is down. */
function in_panic(upstream: Upstream, now: MonotonicTime): Peer | undefined {
    choice.begin_round(upstream.pool);
    const peer = choice.in_panic(upstream.pool, now, key_of(upstream), true);
    return peer;
}

/** Like `in_panic`, for a request that was tried at these addresses. */
function another_in_panic(upstream: Upstream, now: MonotonicTime, addresses: readonly string[]): Peer | undefined {
    if (mark_tried(upstream, addresses) >= upstream.tries || !retry_budget.allows(upstream.budget)) return undefined;
    const peer = choice.in_panic(upstream.pool, now, key_of(upstream), false);
    return peer === undefined ? undefined : retried(upstream, peer);
}

/**
 * A peer of the fallback. If that has none either, a peer that is down.
 * @param addresses where the request was tried, if anywhere
 */
function from_fallback(upstream: Upstream, now: MonotonicTime, addresses?: readonly string[]): Peer | undefined {
    const fallback = upstream.fallback!;
    let peer = first_of(fallback, now);
    if (peer === undefined) {
        peer = addresses === undefined ? in_panic(upstream, now) : another_in_panic(upstream, now, addresses);
        peer ??= in_panic(fallback, now);
    }
    const is_degraded = peer !== undefined && peer.upstream !== upstream;
    if (is_degraded) upstream.fallbacks.inc();
    mark_degraded(is_degraded);
    return peer;
}

/** Like `first_of`, for an upstream with a fallback. */
function first_or_fallback(upstream: Upstream, now: MonotonicTime): Peer | undefined {
    if (!failover.is_active(upstream.failover) || failover.take_probe(upstream.failover, now)) {
        const peer = first_of(upstream, now);
        if (peer !== undefined) {
            mark_degraded(false);
            return peer;
        }
        failover.failed(upstream.failover, now);
    }
    return from_fallback(upstream, now);
}

/** The peer for the first try; nothing if there is none. Phases: balancer. */
export function first(upstream: Upstream, now: MonotonicTime): Peer | undefined {
    retry_budget.earn(upstream.budget);
    if (upstream.fallback !== undefined) return first_or_fallback(upstream, now);
    return first_of(upstream, now) ?? in_panic(upstream, now);
}

/**
 * Whether the last try may have used a kept-alive connection that the node had closed: connected, but no byte came back. A node
 * that closes a new connection without an answer looks the same.
 */
function may_be_stale_connection(status: number): boolean {
    if (status !== BAD_GATEWAY) return false;
    const connect_times = upstream_tries.tried(request.variable("upstream_connect_time") ?? "");
    const header_times = upstream_tries.tried(request.variable("upstream_header_time") ?? "");
    return connect_times[connect_times.length - 1] !== "-" && header_times[header_times.length - 1] === "-";
}

/** The addresses of the tries in the current pass, oldest first. */
function tried_addresses(): string[] {
    return upstream_tries.tried(request.variable("upstream_addr") ?? "");
}

/** Another peer of an upstream, for a request that was tried at these addresses. */
function another(upstream: Upstream, now: MonotonicTime, addresses: readonly string[]): Peer | undefined {
    upstreams.refresh(upstream);
    if (mark_tried(upstream, addresses) >= upstream.tries) return undefined;
    const peer = choice.another(upstream.pool, now, key_of(upstream));
    if (peer !== undefined || upstream.fallback !== undefined) return peer;
    return choice.in_panic(upstream.pool, now, key_of(upstream), false);
}

/** How many of these tries were at an address. */
function tries_at(addresses: readonly string[], address: string): number {
    let count = 0;
    for (const other of addresses) {
        if (other === address) count += 1;
    }
    return count;
}

/**
 * The peer of the last try again, if its connection may have been stale: once for each address, and like any other retry only
 * as far as `tries` and the budget allow.
 */
function same_again(upstream: Upstream, budget: RetryBudget, addresses: readonly string[]): Peer | undefined {
    const address = addresses[addresses.length - 1] ?? "";
    if (tries_at(addresses, address) > 1 || mark_tried(upstream, addresses) >= upstream.tries) return undefined;
    if (!retry_budget.allows(budget)) return undefined;
    const peer = upstream.membership.by_address.get(address);
    return peer;
}

/** Whether an answer is a rate limit of its client: another node would not help. */
function is_for_client(upstream: Upstream, status: number): boolean {
    return status === TOO_MANY_REQUESTS && !busy_statuses.may_be_busy(upstream.busy_statuses, tostring(status));
}

/** The upstream of the last try: this one, or its fallback. */
function present_upstream(upstream: Upstream, last: Peer | undefined, address: string): Upstream {
    const fallback = upstream.fallback;
    if (fallback === undefined) return upstream;
    if (last !== undefined) return last.upstream === fallback ? fallback : upstream;
    // Of a subrequest only the address is known.
    return upstream.membership.by_address.has(address) ? upstream : fallback;
}

/** The peer of the last try of a subrequest; nothing if it is no longer in the upstream. Phases: balancer. */
export function last_of_subrequest(upstream: Upstream): Peer | undefined {
    const addresses = tried_addresses();
    const address = addresses[addresses.length - 1] ?? "";
    const present = present_upstream(upstream, undefined, address);
    const peer = present.membership.by_address.get(address);
    return peer;
}

/**
 * The peer for the next try, after the last one failed with this status; nothing if none is left. Phases: balancer.
 * @param state nothing for a subrequest
 * @param last the peer of the last try
 */
export function next(
    upstream: Upstream,
    now: MonotonicTime,
    state: RequestState | undefined,
    last: Peer | undefined,
    status: number,
): Peer | undefined {
    const addresses = tried_addresses();
    const present = present_upstream(upstream, last, addresses[addresses.length - 1] ?? "");
    if (is_for_client(present, status)) return undefined;
    // Whether this try may follow was decided before the last one, with two exceptions: nginx itself grants a try for a stale
    // connection, and an upstream with a fallback always asks.
    const is_stale = may_be_stale_connection(status);
    const is_decided = present.fallback === undefined && !is_stale;
    if (is_decided || retry_budget.allows(upstream.budget)) {
        const peer = another(present, now, addresses);
        if (peer !== undefined) return retried(upstream, peer);
    }
    if (is_stale) {
        const peer = same_again(present, upstream.budget, addresses);
        if (peer !== undefined) return retried(upstream, peer);
    }
    if (present !== upstream || upstream.fallback === undefined) return undefined;
    // The answer of the fallback may show whether the upstream or the request caused the failures.
    if (!request_failures.note_fallback(state, upstream)) failover.failed(upstream.failover, now);
    return from_fallback(upstream, now, addresses);
}

/** Whether the try at `peer`, the last one allowed, may be repeated in case its connection is stale. */
function may_be_repeated(present: Upstream, peer: Peer, tries: number, is_first: boolean): boolean {
    if (!platform.takes_back || tries >= present.tries) return false;
    return is_first || tries_at(tried_addresses(), peer.node.address) === 0;
}

/**
 * Whether nginx should ask again if the try at `peer` fails. If not, the node's answer goes to the client unchanged. Phases:
 * balancer.
 */
export function may_go_on(upstream: Upstream, peer: Peer, is_first: boolean): boolean {
    const present = peer.upstream!;
    if (present === upstream && upstream.fallback !== undefined) return true;
    const tries = is_first ? 1 : 1 + mark_tried(present, tried_addresses());
    if (tries >= present.tries) return false;
    if (present.pool.others <= 0 && !may_be_repeated(present, peer, tries, is_first)) return false;
    if (retry_budget.allows(upstream.budget)) return true;
    upstream.retries_refused.inc();
    return false;
}
