/** Ends a job: first its answer is on the disk, then the job goes. Phases: timers; yields. */
import * as answers from "./answers";
import * as backlogs from "./backlog";
import * as callback_delivery from "../callback_delivery";
import type { Delivery } from "../model";
import * as endings from "./ending";
import type { Ending } from "./ending";
import * as room from "./room";
import * as backoff from "../../core/time/backoff";
import * as file_sync from "../../core/files/file_sync";
import * as files from "../../core/files/files";
import * as stores from "../store";
import * as ages from "../store/age";
import * as ids from "../store/id";
import * as records from "../store/record";
import type { Head } from "../store/record";
import * as usages from "../store/usage";
import * as time_slice from "../../core/time/time_slice";

/** What is written at a stretch, in bytes. */
const PIECE_BYTES = 512 * 1024;
const MOST_PAUSE_SECONDS = 30;

function write_body(delivery: Delivery, written: string, body: string): string | undefined {
    const { store } = delivery.jobs;
    let at = 1;
    while (at <= body.length) {
        const piece = string.sub(body, at, at + PIECE_BYTES - 1);
        const err = stores.append(store, written, piece, piece.length);
        if (err !== undefined) return err;
        at += piece.length;
        if (at <= body.length) time_slice.yield_now();
    }
    return undefined;
}

/** Who is to be told, if anybody is. */
function callback_of(job: Head): string | undefined {
    return typeof job.callback === "string" ? job.callback : undefined;
}

/** Notes that somebody is to be told, before there is anything to tell of. */
function note_callback(delivery: Delivery, id: string): string | undefined {
    const { store, settings } = delivery.jobs;
    const err = stores.note_callback(store, id, 0);
    if (err !== undefined) return err;
    const [, sync_err] = file_sync.sync(settings.thread_pool, `${store.folder}/callbacks`);
    return sync_err;
}

/** The line that says what a job ends with. Nil and why when it is too long. */
function line_of(id: string, job: Head, ending: Ending): Result<string> {
    const head = {
        id,
        finished: ngx.now(),
        status: ending.status,
        error: ending.error,
        headers: ending.headers,
        callback: callback_of(job),
        body_bytes: ending.body.length,
    };
    return records.line(ages.stamped(head));
}

/** One try to keep an answer: how many bytes it takes on the disk, or nil and why. */
function keep(delivery: Delivery, id: string, job: Head, ending: Ending): Result<number> {
    const { store } = delivery.jobs;
    const [line, line_err] = line_of(id, job, ending);
    if (line === undefined) return $multi(undefined, line_err);
    // Not the job's own: that is old, and what is old under "incoming" is swept away.
    const written = ids.new();
    let problem = stores.append(store, written, line, line.length);
    problem ??= write_body(delivery, written, ending.body);
    if (problem === undefined && callback_of(job) !== undefined) problem = note_callback(delivery, id);
    if (problem === undefined) {
        const [done, err] = stores.finish(store, written, "done", id);
        if (done !== undefined) return $multi(line.length + ending.body.length);
        problem = err;
    }
    stores.remove(store, "incoming", written);
    return $multi(undefined, problem);
}

/** Takes the job itself away, when there is an answer to it or there will be none. */
export function remove(delivery: Delivery, id: string): void {
    const { jobs, backlog } = delivery;
    const err = stores.remove(jobs.store, "pending", id);
    if (err !== undefined) jobs.faults.report("store", "cannot remove a job: ", err);
    usages.release(jobs.usage, id, backlog.bytes.get(id) ?? 0);
    backlogs.forget(backlog, id);
}

/** Takes away a job whose answer was kept before, by a worker that came no further. */
export function resume(delivery: Delivery, id: string): void {
    remove(delivery, id);
    if (stores.has(delivery.jobs.store, "callbacks", id)) callback_delivery.add(delivery.callbacks, id);
}

/** What a job ends with is on the disk. */
function settle(delivery: Delivery, id: string, ending: Ending, bytes: number): void {
    answers.add(delivery.answers, id, ngx.now(), bytes, endings.is_failure(ending.error));
    remove(delivery, id);
    delivery.jobs.figures.jobs.get(ending.result).inc();
}

/** Tries once to end a job. On failure nil and why: the job is still there. */
export function end_once(delivery: Delivery, id: string, job: Head, ending: Ending): Result<true> {
    const [bytes, err] = keep(delivery, id, job, ending);
    if (bytes === undefined) return $multi(undefined, err);
    settle(delivery, id, ending, bytes);
    if (callback_of(job) !== undefined) callback_delivery.add(delivery.callbacks, id);
    return $multi(true);
}

/**
 * Ends a job where there is no room for anything: writes over the job itself, and moves that. Cut off in the middle it leaves
 * a job that is broken. False where even that fails.
 */
function end_in_place(delivery: Delivery, id: string, job: Head, ending: Ending): boolean {
    const { store, faults } = delivery.jobs;
    const [line] = line_of(id, job, ending);
    if (line === undefined) return false;
    const text = line + ending.body;
    const err = stores.overwrite(store, "pending", id, text);
    if (err !== undefined || stores.move(store, id, "pending", "done") !== undefined) return false;
    settle(delivery, id, ending, text.length);
    if (callback_of(job) !== undefined)
        faults.report("callback", "job ", id, " ends, and nobody is told of it: disk full");
    return true;
}

/**
 * Ends a job. On a full disk answers make room for each other. Whatever else is wrong with the disk is waited for, as the
 * answer would be lost: meanwhile the job is one of those that are being delivered. In a worker that exits the job stays,
 * and is delivered anew.
 */
export function finish(delivery: Delivery, id: string, job: Head, given: Ending): void {
    let ending = given;
    let failures = 0;
    while (true) {
        const [done, err] = end_once(delivery, id, job, ending);
        if (done !== undefined) return;
        delivery.jobs.faults.report("store", "cannot keep an answer: ", err);
        const is_full = files.is_full(err);
        const fitting = is_full ? room.make(delivery, ending) : undefined;
        if (fitting !== undefined) {
            ending = fitting;
            time_slice.yield_now();
        } else {
            if (is_full && end_in_place(delivery, id, job, ending)) return;
            failures += 1;
            if (ngx.worker.exiting()) return backlogs.give_back(delivery.backlog, id);
            ngx.sleep(0.01 + backoff.jittered(failures, MOST_PAUSE_SECONDS));
        }
    }
}
