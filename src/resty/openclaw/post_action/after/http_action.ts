/** Actions that are HTTP requests: checks their tables, and sends them. */
import * as random from "../../core/bytes/random";
import * as retry_after from "../../core/http/retry_after";
import type { Faults } from "../../core/metrics/fault";
import * as backoffs from "../../core/time/backoff";
import * as clock from "../../core/time/clock";
import type { Request } from "../../http_client";
import * as http_client from "../../http_client";

type RequestCopy = { -readonly [K in keyof Request]?: Request[K] | undefined };
type Given = Request & { readonly body?: string; readonly retries?: number };

/** A request to send: a copy of the user's table, which may be changed meanwhile. */
export interface HttpAction {
    readonly request: RequestCopy;
    readonly retries: number;
    readonly target: string;
    readonly bytes: number;
}

type Failure = [done: undefined, err: string, again: boolean, retry_after_seconds?: number | undefined];

/** The options of `http_client.request`, and our own, with their types. */
const TYPES: Record<string, string | undefined> = {
    url: "string",
    scheme: "string",
    host: "string",
    port: "number",
    path: "string",
    method: "string",
    headers: "table",
    body: "string",
    connect_seconds: "number",
    send_seconds: "number",
    read_seconds: "number",
    total_seconds: "number",
    keepalive_seconds: "number",
    keepalive_connections: "number",
    max_bytes: "number",
    truncate: "boolean",
    ssl_verify: "boolean",
    ssl_server_name: "string",
    repeatable: "boolean",
    retries: "number",
};

const MOST_RETRIES = 10;
/** As `http_client` has it. */
const TOTAL_SECONDS = 10;
const MOST_BACKOFF_SECONDS = 30;
const MOST_BACKOFF_SECONDS_AT_EXIT = 0.5;
/** How long a pause may go on after the worker begins to exit. */
const SLICE_SECONDS = 0.5;

/** Numbers that make 128 random bits. */
const KEY_NUMBERS = 4;

/** A key that identifies repeated requests: draft-ietf-httpapi-idempotency-key-header, a quoted string. */
function new_key(): string {
    return `"${random.hex(KEY_NUMBERS)}"`;
}

/** What is wrong with an option, or nothing. */
function value_fault(name: string, value: unknown): string | undefined {
    const expected = TYPES[name];
    if (expected === undefined) return `unknown option "${tostring(name)}"`;
    if (type(value) !== expected) return `"${name}" must be a ${expected}`;
    if (typeof value === "number" && !(value >= 0 && value < math.huge)) return `"${name}" must be a number from 0 up`;
    return undefined;
}

/** A copy of the headers, with an idempotency key where the request may be repeated. */
function read_headers(
    given: Record<string, string | number>,
    repeats: boolean,
): Result<Record<string, string | number>> {
    const headers: Record<string, string | number> = {};
    let has_key = false;
    for (const [name, value] of pairs(given)) {
        const fault = http_client.header_fault(name, value);
        if (fault !== undefined) return $multi(undefined, fault);
        if (string.lower(name) === "idempotency-key") has_key = true;
        headers[name] = value;
    }
    if (repeats && !has_key) headers["Idempotency-Key"] = new_key();
    return $multi(headers);
}

/** Replaces the URL of a request by its parts; nil and why when it has no valid target. */
function set_target(request: RequestCopy): Result<true> {
    if (request.url === undefined) {
        if (request.host === undefined) return $multi(undefined, '"url" or "host" must be there');
        return $multi(true);
    }
    const [target, err] = http_client.parse_url(request.url);
    if (target === undefined) return $multi(undefined, `"url" has ${err}`);
    request.url = undefined;
    request.scheme = target.scheme;
    request.host = target.host;
    request.port = target.port;
    request.path = target.path;
    return $multi(true);
}

/** Checks the table that describes a request, and copies it. Phases: any. On failure nil and why. */
export function read(given: Given): Result<HttpAction> {
    const copy: Record<string, unknown> = {};
    for (const [name, value] of pairs(given as unknown as Record<string, unknown>)) {
        const fault = value_fault(name, value);
        if (fault !== undefined) return $multi(undefined, fault);
        if (name !== "retries") copy[name] = value;
    }
    const retries = given.retries ?? 0;
    if (retries > MOST_RETRIES || retries % 1 !== 0) {
        return $multi(undefined, `"retries" must be a whole number from 0 to ${MOST_RETRIES}`);
    }
    const request = copy as RequestCopy;
    const [is_set, url_fault] = set_target(request);
    if (is_set === undefined) return $multi(undefined, url_fault);
    const [headers, header_fault] = read_headers(given.headers ?? {}, retries > 0);
    if (headers === undefined) return $multi(undefined, header_fault);
    request.headers = headers;
    const body = given.body ?? "";
    if (given.body !== undefined) request.method = given.method ?? "POST";
    // Nobody reads the body of the response, so its length is no failure.
    if (given.truncate === undefined) request.truncate = true;
    const target = string.format("%s://%s", request.scheme ?? "http", request.host);
    return $multi({ request, retries, target, bytes: body.length });
}

/** Waits; when the worker begins to exit, no longer than a slice. */
function pause(seconds: number): void {
    const was_exiting = ngx.worker.exiting();
    const until = later(clock.now(), was_exiting ? math.min(seconds, MOST_BACKOFF_SECONDS_AT_EXIT) : seconds);
    let left = until - clock.now();
    while (left > 0 && ngx.worker.exiting() === was_exiting) {
        // nginx does not update its clock in pauses below a millisecond.
        ngx.sleep(math.max(0.001, math.min(left, SLICE_SECONDS)));
        left = until - clock.now();
    }
}

/** One attempt: true; or nil, why, whether to retry, and the seconds after which the server asks for it. */
function attempt(request: RequestCopy): LuaMultiReturn<[done: true] | Failure> {
    const [response, err] = http_client.request(request as Request);
    if (response === undefined) return $multi(undefined, err, true);
    const status = response.status;
    if (status >= 200 && status <= 299) return $multi(true);
    const again = status === 408 || status === 425 || status === 429 || status >= 500;
    return $multi(undefined, `status ${status}`, again, retry_after.seconds(response.headers["retry-after"]));
}

/**
 * Sends a request, with retries, until an attempt succeeds, all are used, or there is no time for another. Phases: timer. On failure nil
 * and why.
 * @param seconds how long it may take in all
 */
export function send(action: HttpAction, seconds: number, faults: Faults): Result<true> {
    const request = action.request;
    const attempt_seconds = request.total_seconds ?? TOTAL_SECONDS;
    const end_at = later(clock.now(), seconds);
    let failures = 0;
    while (true) {
        request.total_seconds = math.min(attempt_seconds, end_at - clock.now());
        const [done, err, again, asked_seconds] = attempt(request);
        if (done === true) return $multi(true);
        failures += 1;
        if (again !== true || failures > action.retries) return $multi(undefined, err!);
        const wait_seconds = math.max(backoffs.jittered(failures, MOST_BACKOFF_SECONDS), asked_seconds ?? 0);
        if (later(clock.now(), wait_seconds) >= end_at) return $multi(undefined, err!);
        faults.report("action_retry", "action ", action.target, ": ", err);
        pause(wait_seconds);
    }
}
