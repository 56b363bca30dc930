/**
 * Which peer each request of this worker is at. A try that is counted in is counted out once: at the next try, or in the
 * log phase, where one call settles what a request has left, in whatever upstream it was.
 *
 * It stands in the state of each request, which tells our requests from those that nginx sent to the same node.
 */
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";
import type { RequestState } from "../core/request/request_state";
import * as retry_after from "../core/http/retry_after";
import * as time_left from "../core/request/time_left";
import * as upstream_tries from "../core/request/upstream_tries";
import type { Try } from "../core/request/upstream_tries";
import * as busy_statuses from "./busy_statuses";
import * as clients from "./clients";
import * as contacts from "./contact";
import type { Contact } from "./contact";
import * as degradation from "./degradation";
import * as ejection from "./ejection";
import * as nodes from "./node";
import type { Outcome } from "./node";
import * as outcomes from "./outcome";
import * as peer_of from "./peer";
import * as request_failures from "./request_failures";
import * as streamed_types from "./streamed_types";
import * as try_figures from "./try_figures";
import type { Peer, Upstream } from "./model";

declare module "../core/request/request_state" {
    interface RequestState {
        /** The peer that it is counted in at. */
        peer?: Peer | undefined;
        /** Whether its answer counts as begun. */
        has_answer_begun?: boolean | undefined;
        /** Whether it has become a connection of another kind. */
        is_upgraded?: boolean | undefined;
    }
}

/** What nginx says of a try that took too long. */
const TIMEOUT = "504";
/** The answer that turns a connection into another kind, such as a WebSocket. */
const SWITCHING_PROTOCOLS = 101;
const UPGRADED = "101";

/** Counts a request in at a peer. Phases: balancer. */
export function begin(state: RequestState, peer: Peer, now: number): void {
    nodes.start(peer.node, now);
    peer.requests += 1;
    state.peer = peer;
}

/** Whether the request is counted in at some peer. Phases: any with a request. */
export function is_present(state: RequestState): boolean {
    return state.peer !== undefined;
}

/** Whether the first byte is what counts of the answer at hand. */
function counts_first_byte(upstream: Upstream): boolean {
    const signal = upstream.signal;
    return (
        signal === "ttfb" ||
        (signal === "auto" && streamed_types.is_streamed(request.variable("upstream_http_content_type") ?? ""))
    );
}

function learn_from_success(state: RequestState, peer: Peer, now: number, seconds: number | undefined): void {
    const upstream = peer.upstream!;
    ejection.succeeded(peer.record, now);
    clients.note(upstream.clients, now);
    request_failures.answered(state, peer, now);
    if (upstream.policy.succeeded !== undefined) upstream.policy.succeeded(peer, now, seconds);
    if (upstream.fallback !== undefined) degradation.answered(upstream.degradation, now, now - request.seconds_taken());
}

/** Notes that the request at hand becomes a connection of another kind, which may be open for hours: that was its answer. */
function upgrade(state: RequestState, peer: Peer): void {
    state.is_upgraded = true;
    nodes.note_upgraded(peer.node);
    learn_from_success(state, peer, request.now(), undefined);
}

/** Whether the beginning of an answer of this request tells anything. */
function tells_by_beginning(state: RequestState, upstream: Upstream): boolean {
    if (state.has_answer_begun === true || state.is_upgraded === true) return false;
    return request_failures.has(state) || request.status() === SWITCHING_PROTOCOLS || counts_first_byte(upstream);
}

/** Notes that the answer has begun. Phases: header_filter. */
export function note_first_byte(state: RequestState): void {
    const peer = state.peer;
    if (peer === undefined || !tells_by_beginning(state, peer.upstream!)) return;
    // An error page may have any status; that of the node is what counts.
    const status = upstream_tries.last(request.variable("upstream_status") ?? "-");
    if (outcomes.of_status(status) !== "ok" || !peer_of.is_current(peer)) return;
    if (status === UPGRADED) {
        upgrade(state, peer);
        return;
    }
    request_failures.answered(state, peer, request.now());
    if (!counts_first_byte(peer.upstream!)) return;
    state.has_answer_begun = true;
    nodes.note_done(peer.node);
}

function learn_from_failure(
    state: RequestState | undefined,
    peer: Peer,
    now: number,
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
        ejection.refused(peer.record, now, retry_after.seconds(asked_for));
    } else {
        ejection.told_nothing(peer.record);
        if (!outcomes.is_of_node(status)) return;
        request_failures.called_wrong(state, peer);
        if (upstream.fallback !== undefined) degradation.answered_otherwise(upstream.degradation, now);
    }
}

function outcome_of(upstream: Upstream, status: string, contact: Contact): Outcome {
    const known = upstream.busy_statuses;
    if (busy_statuses.may_be_busy(known, status)) {
        if (busy_statuses.is_busy(known, status, request.variable("upstream_http_retry_after"))) return "busy";
    }
    // A client that gives no time must not mark nodes as failing.
    if (status === TIMEOUT && time_left.was_short()) return "neutral";
    if (contact !== "answered") return outcomes.of_status(status);
    return outcomes.of_answer(upstream.failure_statuses, status);
}

/** Counts a connection out that had been a request. */
function count_out_upgraded(state: RequestState, peer: Peer): void {
    if (state.is_upgraded !== true) upgrade(state, peer);
    state.is_upgraded = undefined;
    nodes.finish_upgraded(peer.node);
}

/** Counts a request out of the peer it is at. `seconds`: what its policy learns from, where it wants to. */
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
        state.has_answer_begun = undefined;
        state.is_upgraded = undefined;
        return;
    }
    if (status === UPGRADED || state.is_upgraded === true) {
        count_out_upgraded(state, peer);
        return;
    }
    const now = request.now();
    const outcome = outcome_of(peer.upstream!, status, contact);
    nodes.finish(peer.node, outcome, state.has_answer_begun === true);
    state.has_answer_begun = undefined;
    if (outcome === "ok") learn_from_success(state, peer, now, seconds);
    else learn_from_failure(state, peer, now, outcome, status, contact);
}

/**
 * Settles a try that failed with this status, before the next one of the same pass, and returns the peer it was at;
 * nothing when the request is at none. Phases: balancer.
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
 * Learns from the try of a subrequest at this peer that failed with this status. Subrequests are not counted: they have no
 * log phase in which they could be counted out. Phases: balancer.
 */
export function learn_in_subrequest(peer: Peer, status: string): void {
    if (!peer_of.is_current(peer)) return;
    const contact = contacts.before(status);
    const outcome = outcome_of(peer.upstream!, status, contact);
    if (outcome !== "ok") learn_from_failure(undefined, peer, request.now(), outcome, status, contact);
}

/**
 * What a try's status says of the node. An answer that the client did not take to its end has a good status, but was
 * quick for no merit of the node: it says as little as none.
 */
function telling_status(status: string): string {
    if (outcomes.of_status(status) !== "ok" || status === UPGRADED) return status;
    return request.variable("request_completion") === "OK" ? status : "-";
}

/** A time of the only try; nothing where nginx has none. */
function only_seconds(name: string): number | undefined {
    const seconds = request.seconds(name);
    return seconds !== undefined && seconds >= 0 ? seconds : undefined;
}

/** What the policy of a peer's upstream learns from; `whole`: how long the whole try took. */
function seconds_to_learn(upstream: Upstream, whole: number | undefined): number | undefined {
    if (upstream.policy.wants_seconds !== true || !counts_first_byte(upstream)) return whole;
    const seconds = only_seconds("upstream_header_time");
    return seconds;
}

/** Settles the only try of a request that ends. */
function settle_only(state: RequestState, peer: Peer, status: string): void {
    // How long a connection of another kind is open is up to its ends.
    const seconds = status === UPGRADED ? undefined : only_seconds("upstream_response_time");
    try_figures.count(peer.figures, status, seconds);
    count_out(state, peer, telling_status(status), contacts.last(status), seconds_to_learn(peer.upstream!, seconds));
}

/** The last one of several tries, at other upstreams too, that was at a peer's node. */
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
    for (const attempt of tries) {
        if (attempt.address === peer.node.address) found = attempt;
    }
    return $multi(found, found !== undefined && found === tries[tries.length - 1]);
}

/** As `seconds_to_learn`, for one of several tries. */
function listed_seconds_to_learn(peer: Peer, statuses: string, whole: number | undefined): number | undefined {
    const upstream = peer.upstream!;
    if (upstream.policy.wants_seconds !== true || !counts_first_byte(upstream)) return whole;
    const [attempt] = last_at(peer, statuses, request.variable("upstream_header_time"));
    const seconds = tonumber(attempt?.response_seconds);
    return seconds;
}

/** As `settle_only`, where there were several tries. */
function settle_one_of_several(state: RequestState, peer: Peer, statuses: string): void {
    const [attempt, is_last] = last_at(peer, statuses, request.variable("upstream_response_time"));
    const status = attempt === undefined ? "-" : attempt.status;
    const seconds = status === UPGRADED ? undefined : tonumber(attempt?.response_seconds);
    try_figures.count(peer.figures, status, seconds);
    const telling = is_last ? telling_status(status) : status;
    count_out(state, peer, telling, contacts.of_try(attempt), listed_seconds_to_learn(peer, statuses, seconds));
}

/** Settles what the request has left to settle. To be called once for each request. Phases: log. */
export function settle_last(state: RequestState): void {
    const peer = state.peer;
    if (peer !== undefined) {
        const statuses = request.variable("upstream_status") ?? "-";
        if (upstream_tries.is_single(statuses)) settle_only(state, peer, statuses);
        else settle_one_of_several(state, peer, statuses);
    }
    if (request_failures.has(state)) request_failures.finish(state, request.now());
}

/**
 * Settles the try of an earlier pass that a redirect ended, before the pass that nginx begins now; nothing happens where
 * there is none. Phases: balancer.
 */
export function settle_before(state: RequestState): void {
    const peer = state.peer;
    if (peer === undefined) return;
    const statuses = request.variable("upstream_status") ?? "";
    const [attempt] = last_at(peer, statuses, request.variable("upstream_response_time"));
    const status = attempt === undefined ? "-" : attempt.status;
    try_figures.count(peer.figures, status, tonumber(attempt?.response_seconds));
    count_out(state, peer, status, contacts.of_try(attempt), undefined);
}

/** What a request has left that ended without a log phase of ours tells nothing of its node. */
function settle_lost(this: void, state: RequestState): void {
    if (state.peer !== undefined) count_out(state, state.peer, "-", "none", undefined);
}

request_state.when_lost(settle_lost);
