/** Stores the present request as a job, and responds with the URL where its response will be. */
import * as converted_image from "../core/request/converted_image";
import * as delivery_header from "../core/request/delivery_header";
import * as request from "../core/request/request";
import type { Body } from "../core/request/request_body";
import * as request_body from "../core/request/request_body";
import * as request_state from "../core/request/request_state";
import * as http_client from "../http_client";
import * as callbacks from "./callbacks";
import * as callers from "./caller";
import * as tokens from "./delivery_token";
import * as job_page from "./job_page";
import type { Jobs } from "./jobs";
import type { Reason } from "./metrics";
import type { Settings } from "./settings";
import type { Store } from "./store";
import * as stores from "./store";
import * as ids from "./store/id";
import type { Head } from "./store/record";
import * as records from "./store/record";
import * as reserves from "./store/reserve";
import * as usages from "./store/usage";

/** The id of a job, or why the request is not stored. */
type Stored = LuaMultiReturn<[id: string, reason?: undefined] | [id: undefined, reason: Reason]>;

interface Refusal {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    /** In seconds. */
    readonly retry_after?: number;
}

/** A body that is being written to the disk. */
interface Writing {
    readonly store: Store;
    readonly id: string;
    problem: string | undefined;
}

/** A job for which room was taken in the store, and which is being written. */
interface UnfinishedJob {
    readonly jobs: Jobs;
    readonly id: string;
    readonly bytes: number;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** The job that is being written for it. */
        unfinished_job?: UnfinishedJob | undefined;
    }
}

/** Until a client may try again when there is no room. */
const FULL_RETRY_SECONDS = 30;

function link_down(why: string): Refusal {
    return {
        status: 503,
        code: "link_down",
        message: `The link is down, and ${why}.`,
        retry_after: job_page.RETRY_SECONDS,
    };
}

const REFUSALS: Record<Reason, Refusal> = {
    method: link_down("requests with this method are not stored"),
    no_body: link_down("the request cannot be stored, as its body cannot be read"),
    too_large: link_down("the request is too large to be stored"),
    header: link_down("the request has a header or a URL that cannot be stored"),
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
        message: "The link is down, and no more requests of this client can be stored.",
        retry_after: FULL_RETRY_SECONDS,
    },
    not_stored: {
        status: 503,
        code: "not_stored",
        message: "The link is down, and the request could not be stored.",
        retry_after: job_page.RETRY_SECONDS,
    },
};

function refuse(jobs: Jobs, reason: Reason): never {
    jobs.metrics.jobs.get("refused").inc();
    jobs.metrics.refusals.get(reason).inc();
    const { status, code, message, retry_after } = REFUSALS[reason];
    return job_page.respond_error(status, code, message, retry_after);
}

/** The host of the request; the server's name if it has none (HTTP/1.0), as nginx refuses deliveries without one. */
function host(): string {
    const given = request.variable("http_host") ?? "";
    const known = given === "" ? (request.variable("host") ?? "") : given;
    return known === "" ? "localhost" : known;
}

/** The headers of the delivery; nothing when one of them cannot be sent again as it is. */
function read_headers(jobs: Jobs): Record<string, string> | undefined {
    const headers: Record<string, string> = {};
    headers.Host = host();
    // The id and the trace that the gateway gave the request, or accepted from it.
    headers["X-Request-Id"] = request.variable("openclaw_request_id") ?? request.variable("request_id") ?? "";
    const trace = request.variable("openclaw_traceparent") ?? request.variable("http_traceparent") ?? "";
    if (trace !== "") headers.traceparent = trace;
    const state = request.variable("openclaw_tracestate") ?? "";
    if (trace !== "" && state !== "") headers.tracestate = state;
    if (converted_image.is_here()) headers[converted_image.NAME] = converted_image.VALUE;
    for (const { name, variable } of jobs.settings.headers) {
        const value = request.variable(variable);
        if (value !== undefined) headers[name] = value;
    }
    for (const [name, value] of pairs(headers)) {
        if (http_client.header_fault(name, value) !== undefined) return undefined;
    }
    return headers;
}

/** The address of the request as its client sent it, with the query as it is now: a plugin may have added to that. */
function present_uri(): string {
    const uri = request.variable("request_uri") ?? "";
    const args = request.variable("args") ?? "";
    const [mark] = string.find(uri, "?", 1, true);
    const path = mark === undefined ? uri : string.sub(uri, 1, mark - 1);
    return args === "" ? path : `${path}?${args}`;
}

/** The request without its body. */
function read_head(
    jobs: Jobs,
    id: string,
    body: Body,
): LuaMultiReturn<[head: Head, reason?: undefined] | [head: undefined, reason: Reason]> {
    const headers = read_headers(jobs);
    const uri = present_uri();
    if (headers === undefined || !http_client.is_path(uri)) return $multi(undefined, "header");
    const url = request.variable("http_x_openclaw_callback");
    if (url !== undefined && callbacks.url_fault(jobs.settings, url) !== undefined)
        return $multi(undefined, "bad_callback");
    return $multi({
        id,
        created: ids.time_of(id),
        route: jobs.route,
        method: ngx.req.get_method(),
        uri,
        headers,
        caller: callers.present(),
        callback: url,
        body_bytes: body.bytes,
    });
}

function write_piece(this: void, writing: Writing, bytes: Bytes, count: number): void {
    if (writing.problem === undefined) writing.problem = stores.append(writing.store, writing.id, bytes, count);
}

/** Writes a job. On failure nil and why; it may be in place nevertheless. */
function write(store: Store, id: string, line: string, body: Body): Result<true> {
    const writing: Writing = { store, id, problem: stores.append(store, id, line, line.length) };
    if (writing.problem === undefined) {
        const [, err] = request_body.each(body, write_piece, writing);
        writing.problem ??= err;
    }
    if (writing.problem !== undefined) return $multi(undefined, writing.problem);
    return stores.finish(store, id, "pending", id);
}

/** Removes a job that is not stored after all, and gives its room back. */
function take_back(job: UnfinishedJob): void {
    const { jobs, id, bytes } = job;
    // When it is being delivered already, the worker that delivers gives the room back.
    if (stores.withdraw(jobs.store, id)) usages.cancel(jobs.usage, id, bytes);
    else usages.announce(jobs.usage);
}

/** Stores a request whose body was read. */
function store_request(jobs: Jobs, body: Body): Stored {
    const id = ids.new(usages.client_group(jobs.usage));
    const [head, reason] = read_head(jobs, id, body);
    if (head === undefined) return $multi(undefined, reason);
    const [line] = records.stamped_line(head);
    if (line === undefined) return $multi(undefined, "header");
    const bytes = line.length + body.bytes;
    if (reserves.is_short(jobs.reserve)) return $multi(undefined, "not_stored");
    const full = usages.reserve(jobs.usage, id, bytes);
    if (full !== undefined) return $multi(undefined, full);
    const state = request_state.open();
    const unfinished_job = { jobs, id, bytes };
    state.unfinished_job = unfinished_job;
    const [written, err] = write(jobs.store, id, line, body);
    state.unfinished_job = undefined;
    if (written === undefined) {
        take_back(unfinished_job);
        jobs.faults.report("store", "cannot store a request: ", err);
        return $multi(undefined, "not_stored");
    }
    usages.announce(jobs.usage);
    return $multi(id);
}

/**
 * Removes the job that is being written for the present request, if there is one: the request has ended meanwhile, as its client
 * has left. Phases: log.
 */
export function abandon(): void {
    const state = request_state.present();
    if (state?.unfinished_job === undefined) return;
    const job = state.unfinished_job;
    state.unfinished_job = undefined;
    take_back(job);
}

/** Why the present request is not stored, as far as its head tells; nothing when it may be. */
function reason_in_head(settings: Settings): Reason | undefined {
    if (!settings.methods.has(ngx.req.get_method())) return "method";
    if (request.whole_number("content_length") > settings.max_body_bytes) return "too_large";
    return undefined;
}

/**
 * Reads the body of a request that may have to be stored: nginx reads it for proxy_pass into a file that nobody else can open.
 * Phases: access; yields.
 */
export function read_ahead(settings: Settings): void {
    // If it cannot be read, `accept` reports it, when the request is to be stored.
    if (reason_in_head(settings) === undefined) request_body.fetch();
}

/** Stores the present request. */
function store_present(jobs: Jobs): Stored {
    const settings = jobs.settings;
    const unfit = reason_in_head(settings);
    if (unfit !== undefined) return $multi(undefined, unfit);
    const [body, err] = request_body.read();
    if (body === undefined) {
        jobs.faults.report("unreadable_body", "cannot store a request: ", err);
        return $multi(undefined, "no_body");
    }
    if (body.bytes > settings.max_body_bytes) return $multi(undefined, "too_large");
    return store_request(jobs, body);
}

/**
 * Stores the present request as a job and responds 202, or responds why it is not stored. A request with a delivery token, right or
 * wrong, is never stored. Phases: content; yields; never returns.
 */
export function accept(jobs: Jobs): never {
    if (delivery_header.is_there()) return tokens.decline(false);
    const [id, reason] = store_present(jobs);
    if (id === undefined) return refuse(jobs, reason);
    jobs.metrics.jobs.get("accepted").inc();
    return job_page.respond_pending(id);
}
