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
import * as upstream_tries from "../upstream_tries";
import * as degradation from "./degradation";
import * as ejection from "./ejection";
import * as nodes from "./node";
import type { Outcome } from "./node";
import * as outcomes from "./outcome";
import type { Peer } from "./peer";
import type { Upstream } from "./upstream";

const present_peer = new LuaTable<number, Peer>();
/** Requests whose answer counts as begun. */
const has_begun = new LuaSet<number>();

const EVENT_STREAM = "text/event-stream";
const JSON_LINES = "application/x-ndjson";

/** Counts a request in at a peer. Phases: balancer. */
export function begin(key: number, peer: Peer): void {
    nodes.start(peer.node);
    present_peer.set(key, peer);
}

/** Whether the request is counted in at some peer. Phases: any with a request. */
export function is_present(key: number): boolean {
    return present_peer.has(key);
}

function starts_with(text: string, beginning: string): boolean {
    const start = string.sub(text, 1, beginning.length);
    return start === beginning;
}

/** Whether the node's answer comes in a trickle: server-sent events, or JSON by the line. */
function is_streamed(): boolean {
    const kind = request.variable("upstream_http_content_type") ?? "";
    return starts_with(kind, EVENT_STREAM) || starts_with(kind, JSON_LINES);
}

/** Whether the first byte is what counts of the answer at hand. */
function counts_first_byte(upstream: Upstream): boolean {
    const signal = upstream.signal;
    return signal === "ttfb" || (signal === "auto" && is_streamed());
}

/** Notes that the answer has begun. Phases: header_filter. */
export function note_first_byte(key: number): void {
    const peer = present_peer.get(key) as Peer | undefined;
    if (peer === undefined || !counts_first_byte(peer.upstream!) || has_begun.has(key)) return;
    // An error page may have any status; that of the node is what counts.
    const status = upstream_tries.last(request.variable("upstream_status") ?? "-");
    if (outcomes.of_status(status) !== "ok") return;
    has_begun.add(key);
    nodes.note_done(peer.node);
}

function learn_from_success(peer: Peer, now: number, seconds: number | undefined): void {
    const upstream = peer.upstream!;
    ejection.succeeded(peer.record, now);
    if (upstream.policy.succeeded !== undefined) upstream.policy.succeeded(peer, now, seconds);
    if (upstream.fallback !== undefined) degradation.answered(upstream.degradation, now - request.seconds_taken());
}

function learn_from_failure(peer: Peer, now: number, outcome: Outcome): void {
    const upstream = peer.upstream!;
    if (outcome === "failed") {
        ejection.failed(peer.record, now, noise.share());
        if (upstream.policy.failed !== undefined) upstream.policy.failed(peer);
    } else if (outcome === "busy") {
        const asked_for = request.variable("upstream_http_retry_after");
        ejection.refused(peer.record, now, retry_after.seconds(asked_for));
    } else {
        ejection.told_nothing(peer.record);
    }
}

function outcome_of(status: string): Outcome {
    const outcome = outcomes.of_status(status);
    if (outcome !== "failed" || request.variable("upstream_http_retry_after") === undefined) return outcome;
    return outcomes.with_retry_after(status);
}

/**
 * Counts a request out of the peer it is at, and returns that peer; nothing when it is at none. `status`: the peer's part
 * of `$upstream_status`; `seconds`: how long the try took, where that is known. Phases: balancer, log.
 */
export function settle(key: number, status: string, seconds: string | undefined): Peer | undefined {
    const peer = present_peer.get(key) as Peer | undefined;
    if (peer === undefined) return undefined;
    present_peer.delete(key);
    const now = request.now();
    const outcome = outcome_of(status);
    nodes.finish(peer.node, outcome, has_begun.has(key));
    has_begun.delete(key);
    if (outcome === "ok") learn_from_success(peer, now, tonumber(seconds));
    else learn_from_failure(peer, now, outcome);
    return peer;
}

/** As `settle`; of a request's tries, at other upstreams too, the last one at the peer's node is what counts. */
function settle_one_of_several(key: number, peer: Peer, statuses: string, seconds: string | undefined): void {
    let its_status = "-";
    let its_seconds: string | undefined;
    for (const attempt of upstream_tries.parse(request.variable("upstream_addr") ?? "", statuses, seconds)) {
        if (attempt.address === peer.node.address) {
            its_status = attempt.status;
            its_seconds = attempt.response_seconds;
        }
    }
    settle(key, its_status, its_seconds);
}

/** How long the tries took, as the peer's upstream measures that. */
function seconds_of(upstream: Upstream): string | undefined {
    if (upstream.policy.wants_seconds !== true) return undefined;
    const name = counts_first_byte(upstream) ? "upstream_header_time" : "upstream_response_time";
    const seconds = request.variable(name);
    return seconds;
}

/**
 * The statuses of the tries. An answer that the client did not take to its end has a good status, but was quick for no
 * merit of the node: it says as little as none.
 */
function last_statuses(): string {
    const value = request.variable("upstream_status") ?? "-";
    const is_good = outcomes.of_status(upstream_tries.last(value)) === "ok";
    if (!is_good || request.variable("request_completion") === "OK") return value;
    return upstream_tries.is_single(value) ? "-" : `${string.sub(value, 1, -4)}-`;
}

/** Settles what the request has left to settle. To be called once for each request. Phases: log. */
export function settle_last(key: number): void {
    const peer = present_peer.get(key) as Peer | undefined;
    if (peer === undefined) return;
    const status = last_statuses();
    const seconds = seconds_of(peer.upstream!);
    if (upstream_tries.is_single(status)) settle(key, status, seconds);
    else settle_one_of_several(key, peer, status, seconds);
}

/** Settles the try of an earlier pass that a redirect ended, before the pass that nginx begins now. Phases: balancer. */
export function settle_before(key: number): void {
    const statuses = upstream_tries.tried(request.variable("upstream_status") ?? "");
    settle(key, statuses[statuses.length - 1] ?? "-", undefined);
}
