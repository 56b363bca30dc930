/** Keeps the request at hand as a job, and answers with where its answer will be. */
import * as callback from "./callback";
import type { Jobs } from "./model";
import type { Reason } from "./jobs/figures";
import type { Settings } from "./jobs/settings";
import * as delivery_header from "../core/request/delivery_header";
import * as http_client from "../http_client";
import * as json_error from "../core/request/json_error";
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";
import * as request_body from "../core/request/request_body";
import type { Body } from "../core/request/request_body";
import * as stores from "./store";
import type { Store } from "./store";
import * as ages from "./store/age";
import * as clients from "./store/client";
import * as ids from "./store/id";
import * as records from "./store/record";
import type { Head } from "./store/record";
import * as reserves from "./store/reserve";
import * as usages from "./store/usage";

/** The id of a job, or why the request is not kept. */
type Kept = LuaMultiReturn<[id: string, reason?: undefined] | [id: undefined, reason: Reason]>;

interface Refusal {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    /** In seconds. */
    readonly retry_after?: number;
}

/** A request that is being written to the disk. */
interface Writing {
    readonly store: Store;
    readonly id: string;
    problem: string | undefined;
}

/** A request for which room was taken in the store. */
interface Held {
    readonly jobs: Jobs;
    readonly id: string;
    readonly bytes: number;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** What of it is being written to the store. */
        held?: Held | undefined;
    }
}

/** Where answers are found; what follows is the id. */
export const PREFIX = "/openclaw/jobs/";
/**
 * Says that what a delivery is answered is no answer to it, so that it counts as no try: "down" where the other end was not
 * reached, "unanswered" where it was, "stale" where the answer is an old one from the cache; or "answered". Without any of
 * these it is what the gateway itself has said, which is no answer either.
 */
export const LINK_HEADER = "X-OpenClaw-Link";

const RETRY_SECONDS = 5;
const FULL_RETRY_SECONDS = 30;

/** To deliveries. A trial of a link that is down is nobody's error: who sent the request had 202. RFC 4918, section 11.4. */
const NOT_REACHED: Refusal = { status: 424, code: "link_down", message: "The link is down; the job waits." };
const UNANSWERED: Refusal = { status: 503, code: "link_down", message: "There was no answer; the job waits." };

function link_down(why: string): Refusal {
    return { status: 503, code: "link_down", message: `The link is down, and ${why}.`, retry_after: RETRY_SECONDS };
}

const REFUSALS: Record<Reason, Refusal> = {
    method: link_down("a request of this method is not kept"),
    no_body: link_down("the request cannot be kept, as its body is gone"),
    too_large: link_down("the request is too large to be kept"),
    header: link_down("the request has a header or an address that cannot be kept"),
    bad_callback: {
        status: 400,
        code: "bad_callback",
        message: "X-OpenClaw-Callback must be an https URL of a host that this gateway may call.",
    },
    store_full: {
        status: 503,
        code: "store_full",
        message: "The link is down, and there is no room for more requests.",
        retry_after: FULL_RETRY_SECONDS,
    },
    client_full: {
        status: 429,
        code: "client_full",
        message: "The link is down, and as many requests of this client are kept as may be.",
        retry_after: FULL_RETRY_SECONDS,
    },
    not_stored: {
        status: 503,
        code: "not_stored",
        message: "The link is down, and the request could not be kept.",
        retry_after: RETRY_SECONDS,
    },
};

function respond(refusal: Refusal): never {
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    return json_error.respond(refusal.status, refusal.code, refusal.message, refusal.retry_after);
}

function refuse(jobs: Jobs, reason: Reason): never {
    const figures = jobs.figures;
    figures.jobs.get("refused").inc();
    figures.refusals.get(reason).inc();
    return respond(REFUSALS[reason]);
}

/** The host that the request is for, also of one that names none (HTTP/1.0), as a delivery that names none is refused. */
function host(): string {
    const given = request.variable("http_host") ?? "";
    const known = given === "" ? (request.variable("host") ?? "") : given;
    return known === "" ? "localhost" : known;
}

/** What makes the delivery look like the request; nothing when some of it cannot be sent again as it is. */
function read_headers(jobs: Jobs): Record<string, string> | undefined {
    const headers: Record<string, string> = {};
    headers.Host = host();
    // The id and the trace that the gateway gave the request, or took from it.
    headers["X-Request-Id"] = request.variable("openclaw_request_id") ?? request.variable("request_id") ?? "";
    const trace = request.variable("openclaw_traceparent") ?? request.variable("http_traceparent") ?? "";
    if (trace !== "") headers.traceparent = trace;
    const state = request.variable("openclaw_tracestate") ?? "";
    if (trace !== "" && state !== "") headers.tracestate = state;
    for (const { name, variable } of jobs.settings.headers) {
        const value = request.variable(variable);
        if (value !== undefined) headers[name] = value;
    }
    for (const [name, value] of pairs(headers)) {
        if (http_client.header_fault(name, value) !== undefined) return undefined;
    }
    return headers;
}

/** The request without its body. */
function read_head(
    jobs: Jobs,
    id: string,
    body: Body,
): LuaMultiReturn<[head: Head, reason?: undefined] | [head: undefined, reason: Reason]> {
    const headers = read_headers(jobs);
    const uri = request.variable("request_uri") ?? "";
    if (headers === undefined || !http_client.is_path(uri)) return $multi(undefined, "header");
    const url = request.variable("http_x_openclaw_callback");
    if (url !== undefined && callback.fault(jobs.settings, url) !== undefined) return $multi(undefined, "bad_callback");
    const head = {
        id,
        created: ids.time_of(id),
        route: jobs.figures.route,
        method: ngx.req.get_method(),
        uri,
        headers,
        callback: url,
        body_bytes: body.bytes,
    };
    return $multi(ages.stamped(head));
}

function write_piece(this: void, writing: Writing, bytes: Bytes, count: number): void {
    if (writing.problem === undefined) writing.problem = stores.append(writing.store, writing.id, bytes, count);
}

/** Writes a job. On failure nil and why: it may have its name then. */
function write(store: Store, id: string, line: string, body: Body): Result<true> {
    const writing: Writing = { store, id, problem: stores.append(store, id, line, line.length) };
    if (writing.problem === undefined) {
        const [, err] = request_body.each(body, write_piece, writing);
        writing.problem ??= err;
    }
    if (writing.problem !== undefined) return $multi(undefined, writing.problem);
    return stores.finish(store, id, "pending", id);
}

/** Takes back what is not kept after all, files and figures. */
function take_back(held: Held): void {
    const { jobs, id, bytes } = held;
    // Whoever delivers it already counts it out.
    if (stores.withdraw(jobs.store, id)) usages.cancel(jobs.usage, id, bytes);
    else usages.announce(jobs.usage);
}

/** Keeps a request whose body is at hand. */
function keep(jobs: Jobs, body: Body): Kept {
    const id = ids.new(clients.group(jobs.clients));
    const [head, reason] = read_head(jobs, id, body);
    if (head === undefined) return $multi(undefined, reason);
    const [line] = records.line(head);
    if (line === undefined) return $multi(undefined, "header");
    const bytes = line.length + body.bytes;
    if (reserves.is_short(jobs.reserve)) return $multi(undefined, "not_stored");
    const full = usages.reserve(jobs.usage, id, bytes);
    if (full !== undefined) return $multi(undefined, full);
    const state = request_state.open();
    const held = { jobs, id, bytes };
    state.held = held;
    const [written, err] = write(jobs.store, id, line, body);
    state.held = undefined;
    if (written === undefined) {
        take_back(held);
        jobs.faults.report("store", "cannot keep a request: ", err);
        return $multi(undefined, "not_stored");
    }
    usages.announce(jobs.usage);
    return $multi(id);
}

/**
 * Takes back what the request at hand has begun and will never end, as it was ended while it waited (its client has left, say).
 * To be called when a request ends. Phases: log.
 */
export function abandon(): void {
    const state = request_state.present();
    if (state?.held === undefined) return;
    const held = state.held;
    state.held = undefined;
    take_back(held);
}

/** Why the request is not kept, as far as its head tells; nothing where it does not. */
function reason_in_head(settings: Settings): Reason | undefined {
    if (!settings.methods.has(ngx.req.get_method())) return "method";
    if (request.whole_number("content_length") > settings.max_body_bytes) return "too_large";
    return undefined;
}

/**
 * Has the body read of a request that may come to be kept: what nginx reads for proxy_pass is in a file that nobody can
 * open any more. Phases: access; yields.
 */
export function read_ahead(settings: Settings): void {
    // Where it cannot be read, `accept` says so, if it comes to that.
    if (reason_in_head(settings) === undefined) request_body.fetch();
}

/** Keeps the request at hand. */
function take(jobs: Jobs): Kept {
    const settings = jobs.settings;
    const unfit = reason_in_head(settings);
    if (unfit !== undefined) return $multi(undefined, unfit);
    const [body, err] = request_body.read();
    if (body === undefined) {
        jobs.faults.report("unreadable_body", "cannot keep a request: ", err);
        return $multi(undefined, "no_body");
    }
    if (body.bytes > settings.max_body_bytes) return $multi(undefined, "too_large");
    return keep(jobs, body);
}

/** Says that a job waits. Phases: content; never returns. */
export function answer_pending(id: string): never {
    const location = PREFIX + id;
    const body = string.format('{"id":"%s","status":"pending","location":"%s"}\n', id, location);
    ngx.status = 202;
    ngx.header["Content-Type"] = "application/json";
    ngx.header["Content-Length"] = body.length;
    ngx.header["Cache-Control"] = "no-store";
    ngx.header["Retry-After"] = RETRY_SECONDS;
    ngx.header.Location = location;
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    ngx.print(body);
    return ngx.exit(ngx.HTTP_OK);
}

/** Tells a delivery that it got no answer, so that it counts as no try. Phases: content; never returns. */
export function decline(was_reached: boolean): never {
    ngx.header[LINK_HEADER] = was_reached ? "unanswered" : "down";
    return respond(was_reached ? UNANSWERED : NOT_REACHED);
}

/**
 * Keeps the request as a job and answers 202 with where its answer will be, or says why it is not kept. What
 * says that it is a delivery is never kept, be that right or wrong. Phases: content; yields; never returns.
 */
export function accept(jobs: Jobs): never {
    if (delivery_header.is_there()) return decline(false);
    const [id, reason] = take(jobs);
    if (id === undefined) return refuse(jobs, reason);
    jobs.figures.jobs.get("accepted").inc();
    return answer_pending(id);
}
