/**
 * The try that each request of this worker is at: one try is one request sent to one node. `begin` counts a try in; it is
 * counted out once, when the next try begins or in the log phase, whichever upstream it belongs to.
 *
 * The peer is kept in the request's state. So requests that nginx itself sent to the same node are not counted.
 */
import * as retry_after from "../core/http/retry_after";
import * as request from "../core/request/request";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as time_left from "../core/request/time_left";
import type { Try } from "../core/request/upstream_tries";
import * as upstream_tries from "../core/request/upstream_tries";
import * as clock from "../core/time/clock";
import * as busy_statuses from "./busy_statuses";
import * as clients from "./clients";
import type { Contact } from "./contact";
import * as contacts from "./contact";
import * as failover from "./failover";
import type { Peer, Upstream } from "./model";
import type { Outcome } from "./node";
import * as nodes from "./node";
import * as outcomes from "./outcome";
import * as outlier_detection from "./outlier_detection";
import * as peer_of from "./peer";
import * as request_failures from "./request_failures";
import * as streamed_types from "./streamed_types";
import * as try_figures from "./try_figures";

declare module "../core/request/request_state" {
    interface RequestState {
        /** The peer of its current try. */
        peer?: Peer | undefined;
        /** Whether its answer was counted as done already, at its first or at its last byte. */
        is_answer_done?: boolean | undefined;
        /** Whether its connection was upgraded, to a WebSocket for example. */
        is_upgraded?: boolean | undefined;
    }
}

/** The status that nginx gives a try that timed out. */
const TIMEOUT = "504";
/** The status that upgrades a connection. */
const SWITCHING_PROTOCOLS = 101;
const UPGRADED = "101";

/** Counts a try at a peer in. Phases: balancer. */
export function begin(state: RequestState, peer: Peer, now: MonotonicTime): void {
    nodes.start(peer.node, now);
    peer.requests += 1;
    state.peer = peer;
}

/** Whether the request has a try that is counted in. Phases: any with a request. */
export function is_present(state: RequestState): boolean {
    return state.peer !== undefined;
}

/** Whether the answer at hand is done with its first byte, as far as its upstream is concerned. */
function counts_first_byte(upstream: Upstream): boolean {
    const signal = upstream.signal;
    return (
        signal === "ttfb" ||
        (signal === "auto" && streamed_types.is_streamed(request.variable("upstream_http_content_type") ?? ""))
    );
}

function learn_from_success(state: RequestState, peer: Peer, now: MonotonicTime, seconds: number | undefined): void {
    const upstream = peer.upstream!;
    outlier_detection.succeeded(peer.record, now);
    clients.note(upstream.clients, now);
    request_failures.answered(state, peer, now);
    if (upstream.policy.succeeded !== undefined) upstream.policy.succeeded(peer, now, seconds);
    if (upstream.fallback !== undefined) {
        failover.succeeded(upstream.failover, now, later(now, -request.seconds_taken()));
    }
}

/** Records that the connection was upgraded. That was the answer: it may stay open for hours. */
function upgrade(state: RequestState, peer: Peer): void {
    state.is_upgraded = true;
    nodes.note_upgraded(peer.node);
    learn_from_success(state, peer, clock.now(), undefined);
}

/** Whether there is anything to do when the answer begins. */
function is_first_byte_relevant(state: RequestState, upstream: Upstream): boolean {
    if (state.is_answer_done === true || state.is_upgraded === true) return false;
    return request_failures.has(state) || request.status() === SWITCHING_PROTOCOLS || counts_first_byte(upstream);
}

/** Records that the answer has begun. Phases: header_filter. */
export function note_first_byte(state: RequestState): void {
    const peer = state.peer;
    if (peer === undefined || !is_first_byte_relevant(state, peer.upstream!)) return;
    // Not the status of the response: an error page may have any.
    const status = upstream_tries.last(request.variable("upstream_status") ?? "-");
    if (outcomes.of_status(status) !== "ok" || !peer_of.is_current(peer)) return;
    if (status === UPGRADED) {
        upgrade(state, peer);
        return;
    }
    request_failures.answered(state, peer, clock.now());
    if (!counts_first_byte(peer.upstream!)) return;
    state.is_answer_done = true;
    nodes.note_done(peer.node);
}

/**
 * Records that the node has sent all of a good answer: what is left of the request is the client's part. Phases: body_filter, at the end of
 * the response.
 */
export function note_last_byte(state: RequestState): void {
    const peer = state.peer;
    if (peer === undefined || state.is_answer_done === true || state.is_upgraded === true) return;
    const status = upstream_tries.last(request.variable("upstream_status") ?? "-");
    if (outcomes.of_status(status) !== "ok" || !peer_of.is_current(peer)) return;
    state.is_answer_done = true;
    nodes.note_done(peer.node);
}

function learn_from_failure(
    state: RequestState | undefined,
    peer: Peer,
    now: MonotonicTime,
    outcome: Outcome,
    status: string,
    contact: Contact,
): void {
    const upstream = peer.upstream!;
    if (outcome === "failed") {
        if (contact === "none") request_failures.count(peer, now, true);
        else request_failures.add(state, peer, now);
    } else if (outcome === "busy") {
        const asked_for = request.variable("upstream_http_retry_after");
        outlier_detection.note_busy(peer.record, now, retry_after.seconds(asked_for));
    } else {
        outlier_detection.end_probe(peer.record);
        if (!outcomes.is_of_node(status)) return;
        request_failures.note_rejected(state, peer);
        if (upstream.fallback !== undefined) failover.answered_neutrally(upstream.failover, now);
    }
}

function outcome_of(upstream: Upstream, status: string, contact: Contact): Outcome {
    const known = upstream.busy_statuses;
    if (busy_statuses.may_be_busy(known, status)) {
        if (busy_statuses.is_busy(known, status, request.variable("upstream_http_retry_after"))) return "busy";
    }
    // A client with a short deadline must not mark nodes as failing.
    if (status === TIMEOUT && time_left.was_short()) return "neutral";
    if (contact !== "answered") return outcomes.of_status(status);
    return outcomes.of_answer(upstream.failure_statuses, status);
}

/** Counts an upgraded connection out. */
function count_out_upgraded(state: RequestState, peer: Peer): void {
    if (state.is_upgraded !== true) upgrade(state, peer);
    state.is_upgraded = undefined;
    nodes.finish_upgraded(peer.node);
}

/** Counts the current try out. `seconds`: the duration that the policy learns from, if it is known. */
function count_out(
    state: RequestState,
    peer: Peer,
    status: string,
    contact: Contact,
    seconds: number | undefined,
): void {
    state.peer = undefined;
    peer.requests -= 1;
    if (!peer_of.is_current(peer)) {
        state.is_answer_done = undefined;
        state.is_upgraded = undefined;
        return;
    }
    if (status === UPGRADED || state.is_upgraded === true) {
        count_out_upgraded(state, peer);
        return;
    }
    const now = clock.now();
    const outcome = outcome_of(peer.upstream!, status, contact);
    nodes.finish(peer.node, outcome, state.is_answer_done === true);
    state.is_answer_done = undefined;
    if (outcome === "ok") learn_from_success(state, peer, now, seconds);
    else learn_from_failure(state, peer, now, outcome, status, contact);
}

/**
 * Settles the current try, which failed with this status, before the next one of the same pass. Returns its peer; nothing if
 * there is no current try. Phases: balancer.
 */
export function settle(state: RequestState, status: string): Peer | undefined {
    const peer = state.peer;
    if (peer === undefined) return undefined;
    const seconds = upstream_tries.tried(request.variable("upstream_response_time") ?? "");
    try_figures.count(peer.figures, status, tonumber(seconds[seconds.length - 1]));
    count_out(state, peer, status, contacts.before(status), undefined);
    return peer;
}

/**
 * Learns from a try of a subrequest at this peer that failed with this status. Subrequests are not counted in: they have no
 * log phase to count them out. Phases: balancer.
 */
export function learn_in_subrequest(peer: Peer, status: string): void {
    if (!peer_of.is_current(peer)) return;
    const contact = contacts.before(status);
    const outcome = outcome_of(peer.upstream!, status, contact);
    if (outcome !== "ok") learn_from_failure(undefined, peer, clock.now(), outcome, status, contact);
}

/**
 * The status to learn from; "-" for a good answer that the client did not read to its end: such an answer was quick because the
 * client left, not because the node is fast.
 */
function usable_status(status: string): string {
    if (outcomes.of_status(status) !== "ok" || status === UPGRADED) return status;
    return request.variable("request_completion") === "OK" ? status : "-";
}

/** A duration of the only try; nothing if nginx has none. */
function only_seconds(name: string): number | undefined {
    const seconds = request.seconds(name);
    return seconds !== undefined && seconds >= 0 ? seconds : undefined;
}

/** The duration that an upstream's policy learns from. `whole`: that of the whole try. */
function seconds_to_learn(upstream: Upstream, whole: number | undefined): number | undefined {
    if (upstream.policy.wants_seconds !== true || !counts_first_byte(upstream)) return whole;
    const seconds = only_seconds("upstream_header_time");
    return seconds;
}

/** Settles the only try of a request that ends. */
function settle_only(state: RequestState, peer: Peer, status: string): void {
    // How long an upgraded connection stays open says nothing about the node.
    const seconds = status === UPGRADED ? undefined : only_seconds("upstream_response_time");
    try_figures.count(peer.figures, status, seconds);
    count_out(state, peer, usable_status(status), contacts.last(status), seconds_to_learn(peer.upstream!, seconds));
}

/** Of all tries of the request, at other upstreams too, the last one at a peer's node; and whether no other followed. */
function last_at(
    peer: Peer,
    statuses: string,
    seconds: string | undefined,
): LuaMultiReturn<[Try | undefined, boolean]> {
    const tries = upstream_tries.parse(
        request.variable("upstream_addr") ?? "",
        statuses,
        seconds,
        request.variable("upstream_connect_time"),
        request.variable("upstream_header_time"),
    );
    let found: Try | undefined;
    for (const other of tries) {
        if (other.address === peer.node.address) found = other;
    }
    return $multi(found, found !== undefined && found === tries[tries.length - 1]);
}

/** Like `seconds_to_learn`, for one of several tries. */
function listed_seconds_to_learn(peer: Peer, statuses: string, whole: number | undefined): number | undefined {
    const upstream = peer.upstream!;
    if (upstream.policy.wants_seconds !== true || !counts_first_byte(upstream)) return whole;
    const [its_try] = last_at(peer, statuses, request.variable("upstream_header_time"));
    const seconds = tonumber(its_try?.response_seconds);
    return seconds;
}

/** Like `settle_only`, where there were several tries. */
function settle_one_of_several(state: RequestState, peer: Peer, statuses: string): void {
    const [its_try, is_last] = last_at(peer, statuses, request.variable("upstream_response_time"));
    const status = its_try === undefined ? "-" : its_try.status;
    const seconds = status === UPGRADED ? undefined : tonumber(its_try?.response_seconds);
    try_figures.count(peer.figures, status, seconds);
    const telling = is_last ? usable_status(status) : status;
    count_out(state, peer, telling, contacts.of_try(its_try), listed_seconds_to_learn(peer, statuses, seconds));
}

/** Settles the last try of a request. To be called once for each request. Phases: log. */
export function settle_last(state: RequestState): void {
    const peer = state.peer;
    if (peer !== undefined) {
        const statuses = request.variable("upstream_status") ?? "-";
        if (upstream_tries.is_single(statuses)) settle_only(state, peer, statuses);
        else settle_one_of_several(state, peer, statuses);
    }
    if (request_failures.has(state)) request_failures.finish(state, clock.now());
}

/**
 * Settles the try that an internal redirect ended, before the first try of the next pass. Does nothing without a current try.
 * Phases: balancer.
 */
export function settle_before(state: RequestState): void {
    const peer = state.peer;
    if (peer === undefined) return;
    const statuses = request.variable("upstream_status") ?? "";
    const [its_try] = last_at(peer, statuses, request.variable("upstream_response_time"));
    const status = its_try === undefined ? "-" : its_try.status;
    try_figures.count(peer.figures, status, tonumber(its_try?.response_seconds));
    count_out(state, peer, status, contacts.of_try(its_try), undefined);
}

/** Counts out the try of a request that ended without a log phase of ours. Nothing is known of how it ended. */
function settle_lost(this: void, state: RequestState): void {
    if (state.peer !== undefined) count_out(state, state.peer, "-", "none", undefined);
}

request_state.when_lost(settle_lost);
