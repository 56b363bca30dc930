/**
 * Which peer each request of this worker is at. A try that is counted in is counted out once: at the next try, or in the
 * log phase, where one call settles what a request has left, in whatever upstream it was.
 *
 * That stands in a table of the worker, by request: unlike `ngx.ctx` it outlives internal redirects, and it tells our
 * requests from those that nginx sent to the same node.
 */
import * as noise from "../noise";
import * as request from "../request";
import * as retry_after from "../retry_after";
import * as time_left from "../time_left";
import * as upstream_tries from "../upstream_tries";
import type { Try } from "../upstream_tries";
import * as busy_statuses from "./busy_statuses";
import * as degradation from "./degradation";
import * as ejection from "./ejection";
import * as nodes from "./node";
import type { Outcome } from "./node";
import * as outcomes from "./outcome";
import * as peer_of from "./peer";
import type { Peer } from "./peer";
import * as streamed_types from "./streamed_types";
import * as try_figures from "./try_figures";
import type { Upstream } from "./upstream";

const present_peer = new LuaTable<number, Peer>();
/** Requests whose answer counts as begun. */
const has_begun = new LuaSet<number>();

/** What nginx says of a try that took too long. */
const TIMEOUT = "504";

/** Counts a request in at a peer. Phases: balancer. */
export function begin(key: number, peer: Peer, now: number): void {
    nodes.start(peer.node, now);
    peer.requests += 1;
    present_peer.set(key, peer);
}

/** Whether the request is counted in at some peer. Phases: any with a request. */
export function is_present(key: number): boolean {
    return present_peer.has(key);
}

/** Whether the first byte is what counts of the answer at hand. */
function counts_first_byte(upstream: Upstream): boolean {
    const signal = upstream.signal;
    return (
        signal === "ttfb" ||
        (signal === "auto" && streamed_types.is_streamed(request.variable("upstream_http_content_type") ?? ""))
    );
}

/** Notes that the answer has begun. Phases: header_filter. */
export function note_first_byte(key: number): void {
    const peer = present_peer.get(key) as Peer | undefined;
    if (peer === undefined || !counts_first_byte(peer.upstream!) || has_begun.has(key)) return;
    // An error page may have any status; that of the node is what counts.
    const status = upstream_tries.last(request.variable("upstream_status") ?? "-");
    if (outcomes.of_status(status) !== "ok" || !peer_of.is_current(peer)) return;
    has_begun.add(key);
    nodes.note_done(peer.node);
}

function learn_from_success(peer: Peer, now: number, seconds: number | undefined): void {
    const upstream = peer.upstream!;
    ejection.succeeded(peer.record, now);
    if (upstream.policy.succeeded !== undefined) upstream.policy.succeeded(peer, now, seconds);
    if (upstream.fallback !== undefined) degradation.answered(upstream.degradation, now, now - request.seconds_taken());
}

function learn_from_failure(peer: Peer, now: number, outcome: Outcome, status: string): void {
    const upstream = peer.upstream!;
    if (outcome === "failed") {
        ejection.failed(peer.record, now, noise.share());
        if (upstream.policy.failed !== undefined) upstream.policy.failed(peer);
    } else if (outcome === "busy") {
        const asked_for = request.variable("upstream_http_retry_after");
        ejection.refused(peer.record, now, retry_after.seconds(asked_for));
    } else {
        ejection.told_nothing(peer.record);
        if (upstream.fallback !== undefined && outcomes.is_of_node(status)) {
            degradation.answered_otherwise(upstream.degradation, now);
        }
    }
}

function outcome_of(upstream: Upstream, status: string): Outcome {
    const known = upstream.busy_statuses;
    if (busy_statuses.may_be_busy(known, status)) {
        if (busy_statuses.is_busy(known, status, request.variable("upstream_http_retry_after"))) return "busy";
    }
    // A client that gives no time must not mark nodes as failing.
    if (status === TIMEOUT && time_left.was_short()) return "neutral";
    return outcomes.of_status(status);
}

/** Counts a request out of the peer it is at. `seconds`: what its policy learns from, where it wants to. */
function count_out(key: number, peer: Peer, status: string, seconds: number | undefined): void {
    present_peer.delete(key);
    peer.requests -= 1;
    if (!peer_of.is_current(peer)) {
        has_begun.delete(key);
        return;
    }
    const now = request.now();
    const outcome = outcome_of(peer.upstream!, status);
    nodes.finish(peer.node, outcome, has_begun.has(key));
    has_begun.delete(key);
    if (outcome === "ok") learn_from_success(peer, now, seconds);
    else learn_from_failure(peer, now, outcome, status);
}

/**
 * Settles a try that failed with this status, before the next one of the same pass, and returns the peer it was at;
 * nothing when the request is at none. Phases: balancer.
 */
export function settle(key: number, status: string): Peer | undefined {
    const peer = present_peer.get(key) as Peer | undefined;
    if (peer === undefined) return undefined;
    const seconds = upstream_tries.tried(request.variable("upstream_response_time") ?? "");
    try_figures.count(peer.figures, status, tonumber(seconds[seconds.length - 1]));
    count_out(key, peer, status, undefined);
    return peer;
}

/**
 * What a try's status says of the node. An answer that the client did not take to its end has a good status, but was
 * quick for no merit of the node: it says as little as none.
 */
function telling_status(status: string): string {
    if (outcomes.of_status(status) !== "ok" || request.variable("request_completion") === "OK") return status;
    return "-";
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
function settle_only(key: number, peer: Peer, status: string): void {
    const seconds = only_seconds("upstream_response_time");
    try_figures.count(peer.figures, status, seconds);
    count_out(key, peer, telling_status(status), seconds_to_learn(peer.upstream!, seconds));
}

/** The last one of several tries, at other upstreams too, that was at a peer's node. */
function last_at(
    peer: Peer,
    statuses: string,
    seconds: string | undefined,
): LuaMultiReturn<[Try | undefined, boolean]> {
    const tries = upstream_tries.parse(request.variable("upstream_addr") ?? "", statuses, seconds);
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
function settle_one_of_several(key: number, peer: Peer, statuses: string): void {
    const [attempt, is_last] = last_at(peer, statuses, request.variable("upstream_response_time"));
    const status = attempt === undefined ? "-" : attempt.status;
    const seconds = tonumber(attempt?.response_seconds);
    try_figures.count(peer.figures, status, seconds);
    const telling = is_last ? telling_status(status) : status;
    count_out(key, peer, telling, listed_seconds_to_learn(peer, statuses, seconds));
}

/** Settles what the request has left to settle. To be called once for each request. Phases: log. */
export function settle_last(key: number): void {
    const peer = present_peer.get(key) as Peer | undefined;
    if (peer === undefined) return;
    const statuses = request.variable("upstream_status") ?? "-";
    if (upstream_tries.is_single(statuses)) settle_only(key, peer, statuses);
    else settle_one_of_several(key, peer, statuses);
}

/**
 * Settles the try of an earlier pass that a redirect ended, before the pass that nginx begins now; nothing happens where
 * there is none. Phases: balancer.
 */
export function settle_before(key: number): void {
    const peer = present_peer.get(key) as Peer | undefined;
    if (peer === undefined) return;
    const statuses = request.variable("upstream_status") ?? "";
    const [attempt] = last_at(peer, statuses, request.variable("upstream_response_time"));
    const status = attempt === undefined ? "-" : attempt.status;
    try_figures.count(peer.figures, status, tonumber(attempt?.response_seconds));
    count_out(key, peer, status, undefined);
}
