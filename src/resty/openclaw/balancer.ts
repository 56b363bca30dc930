/**
 * Chooses the node for each request of an upstream, by a policy, and learns from how each try ends. What is known of
 * the nodes is shared by all workers; which node a request is at stands in `attempts`.
 */
import * as nginx_balancer from "ngx.balancer";
import * as attempts from "./balancer/attempts";
import * as builder from "./balancer/builder";
import type { Settings } from "./balancer/builder";
import * as choice from "./balancer/choice";
import * as degradation from "./balancer/degradation";
import * as operator from "./balancer/operator";
import type { NodeReport, Wish } from "./balancer/operator";
import type { Peer } from "./balancer/peer";
import * as retry_budget from "./balancer/retry_budget";
import * as supervision from "./balancer/supervision";
import * as upstreams from "./balancer/upstream";
import type { Upstream } from "./balancer/upstream";
import * as request from "./request";
import * as shared_memory from "./shared_memory";
import * as upstream_tries from "./upstream_tries";

export interface Balancer extends Settings {
    init_worker(): void;
    balance(): void;
    header_filter(): void;
    log(): void;
    exit_worker(): void;
    /** See the functions of these names. */
    report(): NodeReport[];
    removed(): string[];
    is_degraded(): boolean | undefined;
    change(address: string, wish: Wish): LuaMultiReturn<[ok: boolean, err?: string]>;
    forget_changes(address: string): LuaMultiReturn<[ok: boolean, err?: string]>;
}

const BAD_GATEWAY = 502;
const SERVICE_UNAVAILABLE = 503;

/** Begins the regular work in this worker. Phases: init_worker; `balance` does it where it was not called. */
function init_worker(this: Balancer): void {
    supervision.begin(this);
}

/** What the upstream's policy hashes of this request. */
function key_of(upstream: Upstream): string | undefined {
    const name = upstream.policy.key_variable;
    if (name === undefined) return undefined;
    const value = request.variable(name);
    return value;
}

/** Says on the request whether the fallback answers it, where nginx.conf has the variable for it. */
function mark_degraded(is_degraded: boolean): void {
    const before = request.variable("openclaw_degraded");
    if (before !== undefined && (before === "1") !== is_degraded) ngx.var.openclaw_degraded = is_degraded ? "1" : "";
}

function first_of(upstream: Upstream, now: number): Peer | undefined {
    upstreams.refresh(upstream);
    const peer = choice.first(upstream.pool, now, key_of(upstream));
    return peer;
}

function in_panic(upstream: Upstream, now: number): Peer | undefined {
    choice.begin_round(upstream.pool);
    const peer = choice.in_panic(upstream.pool, now, key_of(upstream));
    return peer;
}

/** A peer of the fallback; when that has none either, one that is down. */
function from_fallback(upstream: Upstream, now: number): Peer | undefined {
    const fallback = upstream.fallback!;
    const peer = first_of(fallback, now) ?? in_panic(upstream, now) ?? in_panic(fallback, now);
    const is_degraded = peer !== undefined && peer.upstream !== upstream;
    if (is_degraded) upstream.fallbacks.inc();
    mark_degraded(is_degraded);
    return peer;
}

/** As `first_of`, where there is a fallback. */
function first_or_fallback(upstream: Upstream, now: number): Peer | undefined {
    if (!degradation.is_degraded(upstream.degradation) || degradation.take_trial(upstream.degradation, now)) {
        const peer = first_of(upstream, now);
        if (peer !== undefined) {
            mark_degraded(false);
            return peer;
        }
        degradation.missed(upstream.degradation, now);
    }
    return from_fallback(upstream, now);
}

/** The peer for a request that has not come to any yet. */
function first_try(balancer: Balancer, now: number): Peer | undefined {
    retry_budget.earn(balancer.budget);
    if (balancer.fallback !== undefined) return first_or_fallback(balancer, now);
    return first_of(balancer, now) ?? in_panic(balancer, now);
}

/** Whether the last try met a kept-alive connection that the node had closed: connected, but not a byte came back. */
function was_stale_connection(status: number): boolean {
    if (status !== BAD_GATEWAY) return false;
    const connect_times = upstream_tries.tried(request.variable("upstream_connect_time") ?? "");
    const header_times = upstream_tries.tried(request.variable("upstream_header_time") ?? "");
    return connect_times[connect_times.length - 1] !== "-" && header_times[header_times.length - 1] === "-";
}

/** Where the request has been in the present pass, oldest first. */
function tried_addresses(): string[] {
    return upstream_tries.tried(request.variable("upstream_addr") ?? "");
}

/** Marks where the request has been of an upstream's peers; returns how many these are. */
function mark_tried(upstream: Upstream, addresses: readonly string[]): number {
    let tried = 0;
    choice.begin_round(upstream.pool);
    for (const address of addresses) {
        const peer = upstream.membership.by_address.get(address) as Peer | undefined;
        if (peer !== undefined) {
            choice.mark(upstream.pool, peer);
            tried += 1;
        }
    }
    return tried;
}

/** Another peer of an upstream, for a request that has been at these addresses. */
function another(upstream: Upstream, now: number, addresses: readonly string[]): Peer | undefined {
    upstreams.refresh(upstream);
    if (mark_tried(upstream, addresses) >= upstream.tries) return undefined;
    const peer = choice.another(upstream.pool, now, key_of(upstream));
    if (peer !== undefined || upstream.fallback !== undefined) return peer;
    return choice.in_panic(upstream.pool, now, key_of(upstream));
}

/** The upstream that a request is at: this one, or its fallback. */
function present_upstream(balancer: Balancer, last: Peer | undefined, address: string): Upstream {
    const fallback = balancer.fallback;
    if (fallback === undefined) return balancer;
    if (last !== undefined) return last.upstream === fallback ? fallback : balancer;
    // A subrequest is not counted, so only the address is left to tell.
    return balancer.membership.by_address.has(address) ? balancer : fallback;
}

/** The peer for a request whose last try, at `last`, has just failed with this status; nothing when none is left. */
function next_try(balancer: Balancer, now: number, last: Peer | undefined, status: number): Peer | undefined {
    const addresses = tried_addresses();
    const address = addresses[addresses.length - 1] ?? "";
    const present = present_upstream(balancer, last, address);
    // Without a fallback it was decided before the last try.
    if (present.fallback === undefined || retry_budget.allows(balancer.budget)) {
        const peer = another(present, now, addresses);
        if (peer !== undefined) {
            retry_budget.spend(balancer.budget);
            balancer.retries.inc();
            return peer;
        }
    }
    if (was_stale_connection(status)) return present.membership.by_address.get(address);
    if (present !== balancer || balancer.fallback === undefined) return undefined;
    degradation.missed(balancer.degradation, now);
    return from_fallback(balancer, now);
}

/** Whether nginx should ask again if this try fails; else what the node answers goes to the client as it is. */
function may_go_on(balancer: Balancer, peer: Peer, is_first: boolean): boolean {
    const upstream = peer.upstream!;
    if (upstream === balancer && balancer.fallback !== undefined) return true;
    const tries = is_first ? 1 : 1 + mark_tried(upstream, tried_addresses());
    if (tries >= upstream.tries || tries >= upstream.pool.members) return false;
    if (retry_budget.allows(balancer.budget)) return true;
    balancer.retries_refused.inc();
    return false;
}

/** Answers 503 with the time after which another try makes sense. */
function decline(balancer: Balancer, now: number): void {
    ngx.header["Retry-After"] = math.max(1, math.ceil(choice.seconds_left(balancer.pool, now)));
    balancer.faults.report("no_node_left", 'no node of upstream "', balancer.name, '" is left to try');
    ngx.exit(SERVICE_UNAVAILABLE);
}

/**
 * Chooses a node for this try. When there is none, answers 503 with `Retry-After`. Phases: balancer.
 */
function balance(this: Balancer): void {
    supervision.begin(this);
    const now = request.now();
    // A subrequest (a background update of the cache) has no log phase in which it could be counted out again.
    const key = request.is_subrequest() ? 0 : request.key();
    const [failure, status] = nginx_balancer.get_last_failure();
    const is_first = failure === undefined;
    let peer: Peer | undefined;
    if (is_first) {
        if (attempts.is_present(key)) attempts.settle_before(key);
        peer = first_try(this, now);
    } else {
        const last = attempts.settle(key, tostring(status ?? BAD_GATEWAY), undefined);
        peer = next_try(this, now, last, status ?? BAD_GATEWAY);
    }
    if (peer === undefined) {
        decline(this, now);
        return;
    }
    const node = peer.node;
    const [ok, err] = nginx_balancer.set_current_peer(node.host, node.port);
    if (ok !== true) {
        this.faults.report("set_peer", node.address, ": ", err);
        ngx.exit(SERVICE_UNAVAILABLE);
        return;
    }
    // One at a time: what may be done after a failure is known best just before.
    if (may_go_on(this, peer, is_first)) nginx_balancer.set_more_tries(1);
    if (key !== 0) attempts.begin(key, peer);
    peer.sent.inc();
}

/** Notes that the answer begins, for upstreams that measure the time to the first byte. Phases: header_filter. */
function header_filter(this: Balancer): void {
    attempts.note_first_byte(request.key());
}

/**
 * Settles what the request has left to settle, in whatever upstreams it was; to be called once for each request.
 * Phases: log.
 */
function log(this: Balancer): void {
    attempts.settle_last(request.key());
}

/** Gives back the worker's part of the shared memory. Phases: exit_worker. */
function exit_worker(this: Balancer): void {
    supervision.stop(this);
    shared_memory.release(this.registry.region);
}

/** What is known of each node now. Phases: any. */
function report(this: Balancer): NodeReport[] {
    upstreams.refresh(this);
    return operator.report(this);
}

/** The addresses of nodes that an operator removed, sorted. Phases: any. */
function removed(this: Balancer): string[] {
    return operator.removed(this.membership);
}

/** Whether its fallback answers now; nothing where there is none. Phases: any. */
function is_degraded(this: Balancer): boolean | undefined {
    return this.fallback === undefined ? undefined : upstreams.is_degraded(this);
}

/**
 * Changes a node's weight, drains it, adds or removes it, until nginx is restarted; all workers follow within a tenth of
 * a second. Phases: those that may yield. On failure false and why.
 */
function change(this: Balancer, address: string, wish: Wish): LuaMultiReturn<[ok: boolean, err?: string]> {
    return operator.change(this.membership, address, wish);
}

/** Takes back all that `change` did to a node. Else as `change`. */
function forget_changes(this: Balancer, address: string): LuaMultiReturn<[ok: boolean, err?: string]> {
    return operator.forget(this.membership, address);
}

const metatable = {
    __index: {
        init_worker,
        balance,
        header_filter,
        log,
        exit_worker,
        report,
        removed,
        is_degraded,
        change,
        forget_changes,
    },
};

/**
 * A balancer. Raises when an option is wrong. Phases: init.
 * @param options see docs/balancer.md
 */
function create(options: unknown): Balancer {
    const balancer = setmetatable(builder.settings(options), metatable) as unknown as Balancer;
    upstreams.refresh(balancer);
    return balancer;
}
export { create as new };

/** The names of the options that an upstream in `setup` may have. Phases: init. */
export function option_names(): string[] {
    const names: string[] = [];
    for (const name of builder.OPTIONS) {
        if (name !== "name" && name !== "dict") names.push(name);
    }
    return names;
}
