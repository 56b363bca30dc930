/** Callbacks: sends a client the response to its job, the same that the job's URL gives, to a URL that the operator allows. */
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as backoff from "../core/time/backoff";
import * as clock from "../core/time/clock";
import * as http_client from "../http_client";
import type { Jobs } from "./jobs";
import type { CallbackOutcome } from "./metrics";
import type { Schedule } from "./schedule";
import * as schedules from "./schedule";
import type { Settings } from "./settings";
import * as stores from "./store";
import type { StoredRecord } from "./store/record";
import * as records from "./store/record";

export interface Callbacks {
    readonly jobs: Jobs;
    /** Ids by when their callback is to be sent. */
    readonly due: Schedule<MonotonicTime>;
    /** Those that wait or are being sent. */
    readonly known: LuaSet<string>;
    sending_count: number;
}

const MOST_URL_BYTES = 2048;
const MOST_SENDING = 4;
/** These take about ten minutes. */
const MOST_ATTEMPTS = 8;
/** The first pause is up to 6 s long: 0.1 s, doubled so many times. */
const DOUBLINGS = 6;
const MOST_PAUSE_SECONDS = 300;
const TOTAL_SECONDS = 10;
const MOST_RESPONSE_BYTES = 65536;
const HEADERS = ["Content-Type", "Content-Encoding", "Content-Language"];

/**
 * Why a callback must not be sent to this URL; nothing when it may. The URL comes from a client: it must be https unless
 * `callback_plain` is set, and its host, with the port unless that is the default one, must be in `callback_hosts`. Phases: any.
 */
export function url_fault(settings: Settings, url: string): string | undefined {
    if (url.length > MOST_URL_BYTES) return "it is too long";
    const [target, err] = http_client.parse_url(url);
    if (target === undefined) return err;
    if (target.scheme !== "https" && !settings.callback_plain) return "it is not https";
    const host = string.lower(target.host);
    const default_port = target.scheme === "https" ? 443 : 80;
    if (target.port === default_port && settings.callback_hosts.has(host)) return undefined;
    if (settings.callback_hosts.has(`${host}:${target.port}`)) return undefined;
    return "its host is not allowed";
}

/** The callbacks of a route's jobs; none is known yet. Phases: any. */
function create(jobs: Jobs): Callbacks {
    return { jobs, due: [], known: new LuaSet<string>(), sending_count: 0 };
}
export { create as new };

/** There is a response to send. Phases: any. */
export function add(callbacks: Callbacks, id: string): void {
    if (callbacks.known.has(id)) return;
    callbacks.known.add(id);
    schedules.add(callbacks.due, id, clock.now());
}

/** Adds the callback of a job, if it is noted on the disk that one is to be sent. Phases: any. */
export function find(callbacks: Callbacks, id: string): void {
    if (stores.has(callbacks.jobs.store, "callbacks", id)) add(callbacks, id);
}

function finish(callbacks: Callbacks, id: string, outcome: CallbackOutcome): void {
    const { jobs } = callbacks;
    jobs.metrics.callbacks.get(outcome).inc();
    const err = stores.remove(jobs.store, "callbacks", id);
    if (err !== undefined) jobs.faults.report("store", "cannot remove a callback: ", err);
    callbacks.known.delete(id);
}

function fail(callbacks: Callbacks, id: string, err: string): void {
    const { jobs } = callbacks;
    jobs.faults.report("callback", "job ", id, ": ", err);
    // On the disk, so that other workers know it, too.
    const attempts = stores.count_callback_attempt(jobs.store, id) ?? MOST_ATTEMPTS;
    if (attempts >= MOST_ATTEMPTS) return finish(callbacks, id, "failed");
    jobs.metrics.callbacks.get("again").inc();
    const seconds = backoff.jittered(attempts + DOUBLINGS, MOST_PAUSE_SECONDS);
    schedules.add(callbacks.due, id, later(clock.now(), seconds));
}

function headers_of(id: string, found: StoredRecord): Record<string, string> {
    const stored = records.headers_of(found.head);
    const headers: Record<string, string> = {};
    headers["Idempotency-Key"] = id;
    headers["X-OpenClaw-Job"] = id;
    if (found.head.status !== undefined) headers["X-OpenClaw-Status"] = tostring(found.head.status);
    if (found.head.error !== undefined) headers["X-OpenClaw-Error"] = tostring(found.head.error);
    for (const name of HEADERS) {
        const value = stored[name];
        if (typeof value === "string") headers[name] = value;
    }
    return headers;
}

/** Sends one callback, whose response is in an open file. Returns why it failed, or nothing. */
function send(this: void, callbacks: Callbacks, id: string, file: File): string | undefined {
    const [found, read_err] = records.read(file);
    if (found === undefined) return read_err;
    const url = tostring(found.head.callback);
    // The options may have changed since the job was stored.
    const fault = url_fault(callbacks.jobs.settings, url);
    if (fault !== undefined) return fault;
    const [response, err] = http_client.request({
        url,
        method: "POST",
        headers: headers_of(id, found),
        body: found.body_bytes > 0 ? records.source(file, found) : "",
        total_seconds: TOTAL_SECONDS,
        max_bytes: MOST_RESPONSE_BYTES,
        truncate: true,
    });
    if (response === undefined) return err;
    if (response.status < 200 || response.status > 299) return `status ${response.status}`;
    return undefined;
}

/** The light thread of one attempt. */
function run(this: void, callbacks: Callbacks, id: string): void {
    const [file] = stores.open(callbacks.jobs.store, "done", id);
    if (file === undefined) {
        finish(callbacks, id, "failed");
    } else {
        const [ok, err] = pcall(send, callbacks, id, file);
        files.close(file);
        if (ok && err === undefined) finish(callbacks, id, "sent");
        else fail(callbacks, id, tostring(err));
    }
    callbacks.sending_count -= 1;
}

/** Begins to send the callbacks that are due, some at a time. Phases: timers. */
export function begin_due(callbacks: Callbacks): void {
    const now = clock.now();
    while (callbacks.sending_count < MOST_SENDING) {
        const id = schedules.take(callbacks.due, now);
        if (id === undefined) return;
        callbacks.sending_count += 1;
        ngx.thread.spawn(run, callbacks, id);
    }
}
