/**
 * Empties a queue into a sink: one light thread in one timer, which gathers batches, sends them and tries again.
 *
 * It sleeps on a semaphore, always within the timer, and a flag of numbers (`wake_entries`, `wake_bytes`) says when to
 * wake it. What it does next follows from the queue alone, so that a wake-up too many or too few is of no consequence.
 *
 * When a worker exits, nginx fires the pending watch timer at once, which wakes the thread: it then sends what there
 * is without gathering, and gives up `drain_seconds` after the last entry came. Entries that come later still (of
 * long answers, while the worker drains) start the thread anew.
 */
import * as guard from "../core/metrics/guard";
import * as clock from "../core/time/clock";
import { send_batch } from "./delivery";
import { WATCH_SECONDS, count_losses, drop, is_exiting, show, sleep, maintain, wake } from "./state";
import type { Flusher } from "./state";

/** A fresh timer so often, as what a light thread takes from its request's memory comes back only when it ends. */
const RUN_SECONDS = 60;
const RUN_BATCHES = 1000;
/** A timer over nginx's limit of running timers never runs, and nobody is told. */
const START_SECONDS = 1;
const WAKE_SECONDS = 0.001;
/** What cannot be had right now is asked for so often. */
const UNAVAILABLE_SECONDS = 1;

function is_full(flusher: Flusher): boolean {
    const queue = flusher.queue;
    return queue.entries >= flusher.settings.batch_entries || queue.bytes >= flusher.settings.batch_bytes;
}

/** Waits until a batch is due, for its size or its age, and takes it. False when there is none in time. */
function gather(flusher: Flusher, until: number): boolean {
    const settings = flusher.settings;
    const queue = flusher.queue;
    if (queue.entries === 0) {
        if (!is_exiting(flusher)) sleep(flusher, 1, 1, until - clock.now());
        if (queue.entries === 0) return false;
        flusher.oldest_at = clock.now();
    }
    while (!is_full(flusher) && !is_exiting(flusher)) {
        const left = flusher.oldest_at + settings.batch_seconds - clock.now();
        if (left <= 0) break;
        sleep(flusher, settings.batch_entries, settings.batch_bytes, left);
    }
    // Whatever waits after this came after this, or makes a full batch.
    flusher.oldest_at = clock.now();
    const [text, entries, oldest_at] = queue.take(settings.batch_entries, settings.batch_bytes);
    count_losses(flusher);
    if (entries === 0) {
        show(flusher);
        if (!is_exiting(flusher)) sleep(flusher, math.huge, math.huge, UNAVAILABLE_SECONDS);
        return false;
    }
    flusher.batch = { parts: [{ text, entries }], oldest_at, since: clock.now(), failed: false, splits: 0 };
    return true;
}

/** What is left when a draining worker's time is over. */
function abandon(flusher: Flusher): void {
    drop(flusher, "exit", flusher.queue.clear(), "the worker exits");
    count_losses(flusher);
    show(flusher);
}

function work(flusher: Flusher): void {
    const until = clock.now() + RUN_SECONDS;
    let batches = 0;
    while (batches < RUN_BATCHES && clock.now() < until) {
        if (is_exiting(flusher) && clock.now() >= flusher.drain_until!) return abandon(flusher);
        maintain(flusher);
        if (flusher.batch !== undefined || gather(flusher, until)) {
            send_batch(flusher, flusher.batch!);
            batches += 1;
        } else if (is_exiting(flusher)) {
            return abandon(flusher);
        }
    }
}

/** Whether there is anything for the thread to do. */
function is_needed(flusher: Flusher): boolean {
    if (flusher.queue.entries > 0 || flusher.batch !== undefined) return true;
    return flusher.queue.is_durable && !is_exiting(flusher);
}

/** Makes the timer that `run` lives in, unless one is on its way. */
function start(flusher: Flusher, run: (this: void, premature: boolean, flusher: Flusher) => void): void {
    const now = clock.now();
    if (flusher.state === "starting" && now < flusher.started_at + START_SECONDS) return;
    const [ok, err] = ngx.timer.at(0, run, flusher);
    if (!ok) {
        flusher.faults.report("timer", "sink ", flusher.settings.name, ": cannot start: ", err);
        return;
    }
    flusher.state = "starting";
    flusher.started_at = now;
    if (flusher.queue.entries === 0) flusher.oldest_at = now;
}

function run(_premature: boolean, flusher: Flusher): void {
    // A start that was taken for lost may come after all.
    if (flusher.state === "running") return;
    flusher.state = "running";
    const [ok] = guard.call_for(flusher.faults, "flusher", `sink ${flusher.settings.name}`, work, flusher);
    flusher.state = "idle";
    if (ok && is_needed(flusher)) start(flusher, run);
}

function watch(premature: boolean, flusher: Flusher): void {
    if (premature) {
        is_exiting(flusher);
        // What is posted right now nginx notices only with its next event, which may be seconds away. A timer is one.
        ngx.sleep(WAKE_SECONDS);
        wake(flusher);
    } else if (flusher.state !== "running" && is_needed(flusher)) {
        start(flusher, run);
    }
}

/**
 * Starts the thread where none runs. Nil and why in the phases that have no timers: those before the workers fork, and
 * `exit_worker`.
 */
export function ensure_running(flusher: Flusher): Result<true> {
    if (flusher.state === "running") return $multi(true);
    const phase = ngx.get_phase();
    if (phase === "init" || phase === "exit_worker") return $multi(undefined, `not possible in ${phase}_by_lua`);
    start(flusher, run);
    if (!flusher.is_watched && !ngx.worker.exiting()) {
        const [ok, err] = ngx.timer.every(WATCH_SECONDS, watch, flusher);
        flusher.is_watched = ok;
        if (!ok) flusher.faults.report("timer", "sink ", flusher.settings.name, ": no watch: ", err);
    }
    return $multi(true);
}

/** Tells the thread of a new line, which wakes it if that was what it waits for. */
export function entry_added(flusher: Flusher): void {
    const queue = flusher.queue;
    if (queue.entries >= flusher.wake_entries || queue.bytes >= flusher.wake_bytes) wake(flusher);
    if (flusher.drain_until !== undefined) flusher.drain_until = clock.now() + flusher.settings.drain_seconds;
}

/** Tells the thread that lines are being dropped: a batch that only waits to grow should leave at once. */
export function overflowed(flusher: Flusher): void {
    if (flusher.wake_entries <= flusher.settings.batch_entries) {
        flusher.oldest_at = -math.huge;
        wake(flusher);
    }
}

/** Counts and logs what is left when the worker is gone for good. Phases: exit_worker. */
export function close(flusher: Flusher): void {
    const { queue, batch } = flusher;
    flusher.batch = undefined;
    const flying = batch === undefined ? 0 : queue.give_back(batch.parts);
    drop(flusher, "exit", flying + queue.clear(), "the worker exits");
    count_losses(flusher);
    show(flusher);
}
