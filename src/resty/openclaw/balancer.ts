/**
 * Chooses the node for each request of an upstream, by a policy, and learns from how each try ends. What is known of
 * the nodes is shared by all workers; `balancer/current_try` knows which node a request is at.
 */
import * as nginx_balancer from "ngx.balancer";
import type { Context, Settings } from "./balancer/builder";
import * as builder from "./balancer/builder";
import * as choice from "./balancer/choice";
import * as current_try from "./balancer/current_try";
import * as first_try_wait from "./balancer/first_try_wait";
import { platform } from "./balancer/free_tries";
import type { Peer } from "./balancer/model";
import * as node_name from "./balancer/node_name";
import type { NodePatch, NodeReport } from "./balancer/operator";
import * as operator from "./balancer/operator";
import type { Options } from "./balancer/options";
import * as options_of from "./balancer/options";
import * as outlier_detection from "./balancer/outlier_detection";
import * as supervision from "./balancer/supervision";
import * as tries from "./balancer/tries";
import * as upstreams from "./balancer/upstream";
import type { RoomReport } from "./balancer/waiting_room";
import * as waiting_rooms from "./balancer/waiting_room";
import * as retry_after from "./core/http/retry_after";
import * as shared_memory from "./core/memory/shared_memory";
import * as metric_handles from "./core/metrics/metric_handles";
import * as worker_process from "./core/process/worker_process";
import * as request from "./core/request/request";
import * as request_state from "./core/request/request_state";
import * as response_chunk from "./core/request/response_chunk";
import * as clock from "./core/time/clock";

export interface Balancer extends Settings {
    init_worker(): void;
    access(): void;
    balance(): boolean;
    give_up(): void;
    header_filter(): void;
    body_filter(): void;
    log(): void;
    exit_worker(): void;
    /** See the functions of these names. */
    report(): NodeReport[];
    removed(): string[];
    is_degraded(): boolean | undefined;
    has_nodes(): boolean;
    is_cut(): boolean;
    change(address: string, patch: NodePatch): LuaMultiReturn<[ok: boolean, err?: string]>;
    forget_changes(address: string): LuaMultiReturn<[ok: boolean, err?: string]>;
    queue(): RoomReport | undefined;
    change_queue(concurrency: number | undefined): boolean;
}

const NAME = "balancer";

const NGX_BUSY = -3;
const TOO_MANY_REQUESTS = 429;
const BAD_GATEWAY = 502;
const SERVICE_UNAVAILABLE = 503;
/** Longer than any client waits, and still written in digits. */
const MOST_RETRY_AFTER_SECONDS = 1e9;

/** Starts the background work in this worker. Phases: init_worker; if it was not called, `balance` does it. */
function init_worker(this: Balancer): void {
    if (worker_process.is_here()) supervision.begin(this);
}

/**
 * With the option `queue`: waits until the request may be sent to a node; refuses it if it cannot wait. Routes of `setup` call it by
 * themselves. Phases: access; yields. Never raises.
 */
function access(this: Balancer): void {
    this.room?.admitted();
}

/** Answers 503 with the time after which a client should retry. */
function decline(balancer: Balancer, now: MonotonicTime): void {
    ngx.header["Retry-After"] = math.max(1, math.ceil(choice.seconds_left(balancer.pool, now)));
    balancer.faults.report("no_node_left", 'no node of upstream "', balancer.name, '" is left to try');
    ngx.exit(SERVICE_UNAVAILABLE);
}

/** Sets Retry-After as the last node did, or to 1 second, for an answer that nginx makes in the node's place. */
function pass_on_retry_after(): void {
    const seconds = retry_after.seconds(request.variable("upstream_http_retry_after"));
    ngx.header["Retry-After"] = string.format("%.0f", math.min(seconds ?? 1, MOST_RETRY_AFTER_SECONDS));
}

/** Ends a request after its last try, with the status of that try if nginx can. */
function end(balancer: Balancer, now: MonotonicTime, status: number): void {
    if (status === BAD_GATEWAY) {
        // As if nginx itself gave up, so that a stale answer from the cache is served if there is one.
        ngx.exit(NGX_BUSY);
    } else if (status === TOO_MANY_REQUESTS || (platform.takes_back && status === SERVICE_UNAVAILABLE)) {
        pass_on_retry_after();
        ngx.exit(status);
    } else if (platform.takes_back) {
        ngx.exit(status);
    } else {
        decline(balancer, now);
    }
}

/** Learns from the failed try of a subrequest; returns its peer, or nothing if that is no longer in the list. */
function settle_subrequest(balancer: Balancer, status: string): Peer | undefined {
    const last = tries.last_of_subrequest(balancer);
    if (last !== undefined) current_try.learn_in_subrequest(last, status);
    return last;
}

/**
 * Chooses a node for this try; returns whether there is one. If there is none, answers 503 with `Retry-After`. Phases: balancer.
 */
function balance(this: Balancer): boolean {
    supervision.begin(this);
    const now = clock.now();
    // A subrequest (auth_request, mirror, a background update of the cache) has no log phase to count it out, so it is not counted.
    const state = request.is_subrequest() ? undefined : request_state.open();
    const [failure, status] = nginx_balancer.get_last_failure();
    const is_first = failure === undefined;
    // Whether this is the first try of the whole request, not only the first since an internal redirect.
    const waited = is_first && state !== undefined && !current_try.is_present(state);
    let peer: Peer | undefined;
    let last: Peer | undefined;
    if (is_first) {
        if (!waited && state !== undefined) current_try.settle_before(state);
        peer = tries.first(this, now);
    } else {
        const text = tostring(status ?? BAD_GATEWAY);
        last = state === undefined ? settle_subrequest(this, text) : current_try.settle(state, text);
        peer = tries.next(this, now, state, last, status ?? BAD_GATEWAY);
    }
    if (peer === undefined) {
        if (is_first) decline(this, now);
        else end(this, now, status ?? BAD_GATEWAY);
        return false;
    }
    const node = peer.node;
    const [ok, err] = nginx_balancer.set_current_peer(
        node.host,
        node.port,
        node_name.server_name(peer, last, this.name),
    );
    if (ok !== true) {
        this.faults.report("set_peer", node.address, ": ", err);
        ngx.exit(SERVICE_UNAVAILABLE);
        return false;
    }
    if (this.host === "node") node_name.tell_host(peer, this.faults);
    // Only one more at a time: whether there may be another is known best when the time comes.
    if (tries.may_go_on(this, peer, is_first)) nginx_balancer.set_more_tries(1);
    if (waited) first_try_wait.end_wait(this.waits);
    if (state !== undefined && state.place_in !== this.room) waiting_rooms.count_in(this.room, state);
    if (state !== undefined) current_try.begin(state, peer, now);
    else outlier_detection.probe_without_result(peer.record, now);
    metric_handles.add(peer.figures.sent);
    return true;
}

/**
 * Settles the try that has just failed, if none is to follow. In the log phase it would be too late: nginx lists the node once
 * more then, with a status that is not the node's. Phases: balancer.
 */
function give_up(this: Balancer): void {
    const [failure, status] = nginx_balancer.get_last_failure();
    const state = request_state.present();
    if (failure !== undefined && state !== undefined) current_try.settle(state, tostring(status ?? BAD_GATEWAY));
}

/** Records the first byte of the answer. Phases: header_filter. */
function header_filter(this: Balancer): void {
    const state = request_state.present();
    if (state === undefined) return;
    current_try.note_first_byte(state);
    waiting_rooms.note_first_byte(state);
}

/**
 * Records the end of the answer, which nginx may have long before a slow client has all of it. Phases: body_filter. Never raises.
 */
function body_filter(this: Balancer): void {
    if (!response_chunk.is_here() || !response_chunk.is_last()) return;
    const state = request_state.present();
    if (state === undefined) return;
    current_try.note_last_byte(state);
    waiting_rooms.note_last_byte(state);
}

/**
 * Settles the last try of the request, whichever upstream it was sent to. To be called once for each request. Phases: log.
 */
function log(this: Balancer): void {
    const state = request_state.present();
    if (state === undefined) return;
    current_try.settle_last(state);
    waiting_rooms.leave(state);
}

/** Releases the worker's block of shared memory. Phases: exit_worker. */
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

/** Whether any node may get requests, be it up or down; the fallback's count. Phases: any. */
function has_nodes(this: Balancer): boolean {
    return upstreams.has_nodes(this);
}

/**
 * Whether health checks have marked every node as down, those of the fallback too. Draining nodes do not count. Phases: any.
 */
function is_cut(this: Balancer): boolean {
    return upstreams.is_cut(this);
}

/**
 * Changes a node's weight, drains it, adds or removes it, until nginx is restarted. All workers apply the change within a
 * tenth of a second. Phases: those that may yield. On failure false and why.
 */
function change(this: Balancer, address: string, patch: NodePatch): LuaMultiReturn<[ok: boolean, err?: string]> {
    return operator.change(this.membership, address, patch);
}

/** Undoes all changes of a node. Otherwise like `change`. */
function forget_changes(this: Balancer, address: string): LuaMultiReturn<[ok: boolean, err?: string]> {
    return operator.forget(this.membership, address);
}

/** What its waiting room is like now; nothing without the option `queue`. Phases: any. */
function queue(this: Balancer): RoomReport | undefined {
    return this.room && waiting_rooms.report(this.room);
}

/**
 * Sets how many of its requests may be under way, for all workers, until nginx is restarted; nothing: as configured. Returns false
 * without the option `queue`, or if it is no whole number from 1 up. Phases: any.
 */
function change_queue(this: Balancer, concurrency: number | undefined): boolean {
    if (this.room === undefined) return false;
    if (concurrency !== undefined && !(concurrency >= 1 && concurrency % 1 === 0)) return false;
    waiting_rooms.change(this.room, concurrency ?? 0);
    return true;
}

const metatable = {
    __index: {
        init_worker,
        access,
        balance,
        give_up,
        header_filter,
        body_filter,
        log,
        exit_worker,
        report,
        removed,
        is_degraded,
        has_nodes,
        is_cut,
        change,
        forget_changes,
        queue,
        change_queue,
    },
};

/** A balancer from valid options. Raises if there is no shared memory. Phases: init. */
export function create(options: Options, context: Context): Balancer {
    const balancer = setmetatable(builder.settings(options, context), metatable);
    upstreams.refresh(balancer);
    return balancer;
}

/** The options of one of `upstreams` in `setup`. */
export const UPSTREAM = options_of.UPSTREAM;
export const UPSTREAM_SCHEMA = options_of.SCHEMA;
/** The options of a balancer outside `setup`. */
export const ALONE_SCHEMA = options_of.ALONE_SCHEMA;

/** A balancer outside `setup`, from the options in docs/balancer.md. Raises if one is invalid. Phases: init. */
function alone(options?: unknown): Balancer {
    const given = options_of.read_alone(options ?? {}, NAME);
    const { name, dict, fallback } = given;
    return create(given, { name, path: NAME, dict, fallback });
}
export { alone as new };
