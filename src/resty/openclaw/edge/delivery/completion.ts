/** Ends a job: first its answer is on the disk, then the job goes. Phases: timers; yields. */
import * as answers from "./answers";
import * as backlogs from "./backlog";
import * as callback_delivery from "../callback_delivery";
import type { Delivery } from "../delivery";
import type { Ending } from "./ending";
import * as backoff from "../../backoff";
import * as file_sync from "../../file_sync";
import * as stores from "../store";
import * as ages from "../store/age";
import * as ids from "../store/id";
import * as records from "../store/record";
import type { Head } from "../store/record";
import * as usages from "../store/usage";
import * as turn from "../../turn";

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
        if (at <= body.length) turn.pass();
    }
    return undefined;
}

/** Notes that somebody is to be told, before there is anything to tell of. */
function note_callback(delivery: Delivery, id: string): string | undefined {
    const { store, settings } = delivery.jobs;
    const err = stores.note_callback(store, id, 0);
    if (err !== undefined) return err;
    const [, sync_err] = file_sync.sync(settings.thread_pool, `${store.folder}/callbacks`);
    return sync_err;
}

/** One try to keep an answer: how many bytes it takes on the disk, or nil and why. */
function keep(delivery: Delivery, id: string, job: Head, ending: Ending): Result<number> {
    const { store } = delivery.jobs;
    const callback = typeof job.callback === "string" ? job.callback : undefined;
    const head = {
        id,
        finished: ngx.now(),
        status: ending.status,
        error: ending.error,
        headers: ending.headers,
        callback,
        body_bytes: ending.body.length,
    };
    const [line, line_err] = records.line(ages.stamped(head));
    if (line === undefined) return $multi(undefined, line_err);
    // Not the job's own: that is old, and what is old under "incoming" is swept away.
    const written = ids.new();
    let problem = stores.append(store, written, line, line.length);
    problem ??= write_body(delivery, written, ending.body);
    if (problem === undefined && callback !== undefined) problem = note_callback(delivery, id);
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

/** Tries once to end a job. On failure nil and why: the job is still there. */
export function end_once(delivery: Delivery, id: string, job: Head, ending: Ending): Result<true> {
    const [bytes, err] = keep(delivery, id, job, ending);
    if (bytes === undefined) return $multi(undefined, err);
    answers.add(delivery.answers, id, ngx.now(), bytes);
    remove(delivery, id);
    delivery.jobs.figures.jobs.get(ending.result).inc();
    if (typeof job.callback === "string") callback_delivery.add(delivery.callbacks, id);
    return $multi(true);
}

/**
 * Ends a job, however long the disk refuses its answer, which would else be lost: meanwhile it is one of those that are
 * being delivered, so a full disk soon holds all deliveries up. In a worker that exits the job stays, and is delivered anew.
 */
export function finish(delivery: Delivery, id: string, job: Head, ending: Ending): void {
    let failures = 0;
    while (true) {
        const [done, err] = end_once(delivery, id, job, ending);
        if (done !== undefined) return;
        failures += 1;
        delivery.jobs.faults.report("store", "cannot keep an answer: ", err);
        if (ngx.worker.exiting()) return backlogs.give_back(delivery.backlog, id);
        ngx.sleep(0.01 + backoff.jittered(failures, MOST_PAUSE_SECONDS));
    }
}
