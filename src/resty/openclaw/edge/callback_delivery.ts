/** Tells those who wished it of the answers to their jobs: sends them what the jobs page would answer. */
import type { Callbacks } from "./model";
import * as backoff from "../core/time/backoff";
import * as callback from "./callback";
import * as schedules from "./delivery/schedule";
import * as clock from "../core/time/clock";
import * as files from "../core/files/files";
import type { File } from "../core/files/files";
import * as http_client from "../http_client";
import type { Jobs } from "./model";
import type { CallbackOutcome } from "./jobs/figures";
import * as stores from "./store";
import * as body_source from "./store/body_source";
import * as records from "./store/record";
import type { StoredRecord } from "./store/record";

const MOST_FLYING = 4;
/** Over about ten minutes. */
const MOST_TRIES = 8;
/** The first pause is up to 6 s long: 0.1 s, doubled so many times. */
const DOUBLINGS = 6;
const MOST_PAUSE_SECONDS = 300;
const TOTAL_SECONDS = 10;
const MOST_ANSWER_BYTES = 65536;
const HEADERS = ["Content-Type", "Content-Encoding", "Content-Language"];

/** Nobody to tell. Phases: any. */
function create(jobs: Jobs): Callbacks {
    return { jobs, due: [], known: new LuaSet(), flying_count: 0 };
}
export { create as new };

/** There is an answer to tell of. Phases: any. */
export function add(callbacks: Callbacks, id: string): void {
    if (callbacks.known.has(id)) return;
    callbacks.known.add(id);
    schedules.add(callbacks.due, id, clock.now());
}

function end(callbacks: Callbacks, id: string, outcome: CallbackOutcome): void {
    const { jobs } = callbacks;
    jobs.figures.callbacks.get(outcome).inc();
    const err = stores.remove(jobs.store, "callbacks", id);
    if (err !== undefined) jobs.faults.report("store", "cannot remove a callback: ", err);
    callbacks.known.delete(id);
}

function fail(callbacks: Callbacks, id: string, err: string): void {
    const { jobs } = callbacks;
    jobs.faults.report("callback", "job ", id, ": ", err);
    // How often it was tried outlives this worker.
    stores.note_callback(jobs.store, id, 1);
    const tries = stores.size(jobs.store, "callbacks", id) ?? MOST_TRIES;
    if (tries >= MOST_TRIES) return end(callbacks, id, "failed");
    jobs.figures.callbacks.get("again").inc();
    const at = clock.now() + backoff.jittered(tries + DOUBLINGS, MOST_PAUSE_SECONDS);
    schedules.add(callbacks.due, id, at);
}

function headers_of(id: string, found: StoredRecord): Record<string, string> {
    const kept = (type(found.head.headers) === "table" ? found.head.headers : {}) as Record<string, unknown>;
    const headers: Record<string, string> = {};
    headers["Idempotency-Key"] = id;
    headers["X-OpenClaw-Job"] = id;
    if (found.head.status !== undefined) headers["X-OpenClaw-Status"] = tostring(found.head.status);
    if (found.head.error !== undefined) headers["X-OpenClaw-Error"] = tostring(found.head.error);
    for (const name of HEADERS) {
        const value = kept[name];
        if (typeof value === "string") headers[name] = value;
    }
    return headers;
}

function send(callbacks: Callbacks, id: string, file: File): Result<true> {
    const [found, read_err] = records.read(file);
    if (found === undefined) return $multi(undefined, read_err);
    const url = tostring(found.head.callback);
    // Who may be called can have changed since.
    const fault = callback.fault(callbacks.jobs.settings, url);
    if (fault !== undefined) return $multi(undefined, fault);
    const [answer, err] = http_client.request({
        url,
        method: "POST",
        headers: headers_of(id, found),
        body: found.body_bytes > 0 ? body_source.new(file, found) : "",
        total_seconds: TOTAL_SECONDS,
        max_bytes: MOST_ANSWER_BYTES,
        truncate: true,
    });
    if (answer === undefined) return $multi(undefined, err);
    if (answer.status < 200 || answer.status > 299) return $multi(undefined, `status ${answer.status}`);
    return $multi(true);
}

/** `pcall`, as the compiler cannot know what a function with several results returns through it. */
const guarded = pcall as unknown as (
    this: void,
    work: typeof send,
    callbacks: Callbacks,
    id: string,
    file: File,
) => LuaMultiReturn<[ok: boolean, sent?: unknown, err?: unknown]>;

/** The light thread of one try. */
function run(this: void, callbacks: Callbacks, id: string): void {
    const { jobs } = callbacks;
    const [file] = stores.open(jobs.store, "done", id);
    if (file === undefined) {
        end(callbacks, id, "failed");
    } else {
        const [ok, sent, err] = guarded(send, callbacks, id, file);
        files.close(file);
        if (ok && sent === true) end(callbacks, id, "sent");
        else fail(callbacks, id, tostring(ok ? err : sent));
    }
    callbacks.flying_count -= 1;
}

/** Begins with those whose turn it is. Phases: timers. */
export function begin_due(callbacks: Callbacks): void {
    const now = clock.now();
    while (callbacks.flying_count < MOST_FLYING) {
        const id = schedules.take(callbacks.due, now);
        if (id === undefined) return;
        callbacks.flying_count += 1;
        ngx.thread.spawn(run, callbacks, id);
    }
}
