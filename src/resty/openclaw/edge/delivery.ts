/**
 * What the worker that delivers knows of a route's jobs, and how a job ends there: first its response is stored, then the job is
 * removed.
 */
import * as files from "../core/files/files";
import * as request from "../core/request/request";
import * as backoff from "../core/time/backoff";
import * as time_slice from "../core/time/time_slice";
import type { Backlog } from "./backlog";
import * as backlogs from "./backlog";
import type { Callbacks } from "./callbacks";
import * as callbacks_of from "./callbacks";
import type { Ending } from "./ending";
import * as endings from "./ending";
import type { Jobs } from "./jobs";
import type { Link } from "./link";
import type { Responses } from "./responses";
import * as responses_of from "./responses";
import * as stores from "./store";
import * as ids from "./store/id";
import type { Head } from "./store/record";
import * as records from "./store/record";
import * as reserves from "./store/reserve";
import * as usages from "./store/usage";

/** Lasts as long as the worker holds the store's lock, and its last attempts. */
export interface Delivery {
    readonly jobs: Jobs;
    readonly link: Link;
    readonly backlog: Backlog;
    readonly responses: Responses;
    readonly callbacks: Callbacks;
}

/** What is written before others have their turn, in bytes. */
const PIECE_BYTES = 512 * 1024;
const MOST_PAUSE_SECONDS = 30;
/** What a file takes on most disks at least. */
const BLOCK_BYTES = 4096;

/** A delivery that does not know yet what is in the store. Phases: any. */
function create(jobs: Jobs, link: Link): Delivery {
    return {
        jobs,
        link,
        backlog: backlogs.new(jobs.settings.rate),
        responses: responses_of.new(jobs.store),
        callbacks: callbacks_of.new(jobs),
    };
}
export { create as new };

/** Whether a client wants a callback. */
function has_callback(job: Head): boolean {
    return typeof job.callback === "string";
}

/** The line that says how a job ended. Nil and why when it is too long. */
function line_of(id: string, job: Head, ending: Ending): Result<string> {
    return records.stamped_line({
        id,
        finished: request.now(),
        status: ending.status,
        error: ending.error,
        headers: ending.headers,
        callback: has_callback(job) ? job.callback : undefined,
        body_bytes: ending.body.length,
    });
}

function write_body(delivery: Delivery, written: string, body: string): string | undefined {
    let at = 1;
    while (at <= body.length) {
        const piece = string.sub(body, at, at + PIECE_BYTES - 1);
        const err = stores.append(delivery.jobs.store, written, piece, piece.length);
        if (err !== undefined) return err;
        at += piece.length;
        if (at <= body.length) time_slice.yield_now();
    }
    return undefined;
}

/** Tries once to store how a job ended: the bytes that takes on the disk, or nil and why. */
function write(delivery: Delivery, id: string, job: Head, ending: Ending): Result<number> {
    const { store } = delivery.jobs;
    const [line, line_err] = line_of(id, job, ending);
    if (line === undefined) return $multi(undefined, line_err);
    // A new id: files under "incoming" with an old one are swept.
    const written = ids.new();
    let problem = stores.append(store, written, line, line.length);
    problem ??= write_body(delivery, written, ending.body);
    if (problem === undefined && has_callback(job)) problem = stores.begin_callback(store, id);
    if (problem === undefined) {
        const [done, err] = stores.finish(store, written, "done", id);
        if (done !== undefined) return $multi(line.length + ending.body.length);
        problem = err;
    }
    stores.remove(store, "incoming", written);
    return $multi(undefined, problem);
}

/** Removes the job itself, when its response is stored or there will be none. Phases: timers. */
export function remove(delivery: Delivery, id: string): void {
    const { jobs, backlog } = delivery;
    const err = stores.remove(jobs.store, "pending", id);
    if (err !== undefined) jobs.faults.report("store", "cannot remove a job: ", err);
    usages.release(jobs.usage, id, backlogs.bytes_of(backlog, id) ?? 0);
    backlogs.forget(backlog, id);
}

/** Ends a job if its response was stored before, by a worker that came no further; false when it was not. Phases: timers. */
export function resume(delivery: Delivery, id: string): boolean {
    if (!responses_of.find(delivery.responses, id)) return false;
    remove(delivery, id);
    callbacks_of.find(delivery.callbacks, id);
    return true;
}

/** Another worker has ended the job: takes note of its response. Phases: timers. */
export function leave_to_other(delivery: Delivery, id: string): void {
    responses_of.find(delivery.responses, id);
    backlogs.forget(delivery.backlog, id);
    callbacks_of.find(delivery.callbacks, id);
}

/** How the job ended is on the disk, in so many bytes. */
function settle(delivery: Delivery, id: string, ending: Ending, bytes: number): void {
    responses_of.add(delivery.responses, id, request.now(), bytes, endings.is_failure(ending.error));
    remove(delivery, id);
    delivery.jobs.metrics.jobs.get(ending.result).inc();
}

/** Tries once to end a job. On failure nil and why: the job is still there. Phases: timers; yields. */
export function end_once(delivery: Delivery, id: string, job: Head, ending: Ending): Result<true> {
    const [bytes, err] = write(delivery, id, job, ending);
    if (bytes === undefined) return $multi(undefined, err);
    settle(delivery, id, ending, bytes);
    if (has_callback(job)) callbacks_of.add(delivery.callbacks, id);
    return $multi(true);
}

/**
 * Ends a job when there is no room for anything: overwrites the job's own file, and moves it. If that is cut off in the middle, the
 * job is broken. False when even that fails.
 */
function end_in_place(delivery: Delivery, id: string, job: Head, ending: Ending): boolean {
    const { store, faults } = delivery.jobs;
    const [line] = line_of(id, job, ending);
    if (line === undefined) return false;
    const text = line + ending.body;
    const err = stores.overwrite(store, "pending", id, text);
    if (err !== undefined || stores.move(store, id, "pending", "done") !== undefined) return false;
    settle(delivery, id, ending, text.length);
    if (has_callback(job)) faults.report("callback", "job ", id, " ends without its callback: the disk is full");
    return true;
}

/**
 * Makes room on a full disk: uses the reserve, then drops the largest stored response. It is better to lose a response than to
 * send a job again and again because its end cannot be written. Returns what is to be written now, which may be less; nothing
 * when there is no more room to be had.
 */
function make_room(delivery: Delivery, ending: Ending): Ending | undefined {
    const { jobs, responses } = delivery;
    const bytes = ending.body.length + BLOCK_BYTES;
    if (reserves.spend(jobs.reserve, bytes)) return ending;
    const [largest, largest_bytes] = responses_of.largest(responses);
    const is_note = ending.error !== undefined;
    if (largest !== undefined && (largest_bytes > bytes || is_note)) {
        jobs.faults.report("store", "the disk is full: drops the response to job ", largest);
        jobs.metrics.dropped.inc();
        responses_of.drop(responses, largest);
        return ending;
    }
    if (is_note) return undefined;
    jobs.metrics.dropped.inc();
    return endings.failure("answer_dropped", "failed", ending.status);
}

/**
 * Ends a job. On a full disk it makes room. After any other failure of the disk it tries again later, as the response would be
 * lost; until then the job counts as one that is being sent. In a worker that exits the job stays, and is sent again. Phases:
 * timers; yields.
 */
export function finish(delivery: Delivery, id: string, job: Head, given: Ending): void {
    let ending = given;
    let failures = 0;
    while (true) {
        const [done, err] = end_once(delivery, id, job, ending);
        if (done !== undefined) return;
        delivery.jobs.faults.report("store", "cannot store a response: ", err);
        const is_full = files.is_full(err);
        const fitting = is_full ? make_room(delivery, ending) : undefined;
        if (fitting !== undefined) {
            ending = fitting;
            time_slice.yield_now();
        } else {
            if (is_full && end_in_place(delivery, id, job, ending)) return;
            failures += 1;
            if (ngx.worker.exiting()) return backlogs.retry_now(delivery.backlog, id);
            ngx.sleep(0.01 + backoff.jittered(failures, MOST_PAUSE_SECONDS));
        }
    }
}
