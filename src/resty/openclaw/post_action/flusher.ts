/**
 * The background thread of a queue: one light thread in one timer, which collects batches and delivers them to the sink.
 *
 * It sleeps on a semaphore. `wake_entries` and `wake_bytes` say at which size of the queue it is woken. What it does next depends on the
 * queue alone, so a superfluous or missing wake-up does no harm.
 *
 * When a worker exits, nginx runs the pending watch timer at once, which wakes the thread. The thread then sends all entries without
 * waiting for full batches, and gives up `drain_seconds` after the last entry was queued. Entries that come even later (of long responses,
 * while the worker drains) start the thread again.
 */
import * as guard from "../core/metrics/guard";
import * as clock from "../core/time/clock";
import { send_batch } from "./delivery";
import type { Flusher } from "./state";
import { count_losses, drop, is_exiting, maintain, show, sleep, wake, WATCH_SECONDS } from "./state";

/** The thread moves to a fresh timer after so long, as nginx frees the memory that it has used only when its timer ends. */
const RUN_SECONDS = 60;
const RUN_BATCHES = 1000;
/** A timer beyond `lua_max_running_timers` never runs, and no error is returned. */
const START_SECONDS = 1;
const WAKE_SECONDS = 0.001;
/** How long to wait where no entry of the queue can be read now. */
const UNAVAILABLE_SECONDS = 1;

function is_full(flusher: Flusher): boolean {
    const queue = flusher.queue;
    return queue.entries >= flusher.settings.batch_entries || queue.bytes >= flusher.settings.batch_bytes;
}

/** Waits until a batch is due by its size or age, and takes it. False when there is none until then. */
function collect(flusher: Flusher, until: MonotonicTime): boolean {
    const settings = flusher.settings;
    const queue = flusher.queue;
    if (queue.entries === 0) {
        if (!is_exiting(flusher)) sleep(flusher, 1, 1, until - clock.now());
        if (queue.entries === 0) return false;
        flusher.oldest_at = clock.now();
    }
    while (!is_full(flusher) && !is_exiting(flusher)) {
        const left = later(flusher.oldest_at, settings.batch_seconds) - clock.now();
        if (left <= 0) break;
        sleep(flusher, settings.batch_entries, settings.batch_bytes, left);
    }
    // Entries that are queued after `take` are newer than this, or make a full batch.
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

/** Gives up all entries when the time to drain is over. */
function abandon(flusher: Flusher): void {
    drop(flusher, "exit", flusher.queue.clear(), "the worker exits");
    count_losses(flusher);
    show(flusher);
}

function work(flusher: Flusher): void {
    const until = later(clock.now(), RUN_SECONDS);
    let batches = 0;
    while (batches < RUN_BATCHES && clock.now() < until) {
        if (is_exiting(flusher) && clock.now() >= flusher.drain_until!) return abandon(flusher);
        maintain(flusher);
        if (flusher.batch !== undefined || collect(flusher, until)) {
            send_batch(flusher, flusher.batch!);
            batches += 1;
        } else if (is_exiting(flusher)) {
            return abandon(flusher);
        }
    }
}

/** Whether the thread has work to do. */
function is_needed(flusher: Flusher): boolean {
    if (flusher.queue.entries > 0 || flusher.batch !== undefined) return true;
    return flusher.queue.is_durable && !is_exiting(flusher);
}

/** Creates the timer that calls `run`, unless one is pending. */
function start(flusher: Flusher, run: (this: void, premature: boolean, flusher: Flusher) => void): void {
    const now = clock.now();
    if (flusher.state === "starting" && now < later(flusher.started_at, START_SECONDS)) return;
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
    // A timer that was considered lost may run after all.
    if (flusher.state === "running") return;
    flusher.state = "running";
    const [ok] = guard.call_for(flusher.faults, "flusher", `sink ${flusher.settings.name}`, work, flusher);
    flusher.state = "idle";
    if (ok && is_needed(flusher)) start(flusher, run);
}

function watch(premature: boolean, flusher: Flusher): void {
    if (premature) {
        is_exiting(flusher);
        // nginx runs woken threads only with its next event, which may be seconds away. This timer is such an event.
        ngx.sleep(WAKE_SECONDS);
        wake(flusher);
    } else if (flusher.state !== "running" && is_needed(flusher)) {
        start(flusher, run);
    }
}

/** Starts the thread unless it runs. Nil and why in phases without timers: init and exit_worker. */
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

/** To be called after each queued entry: wakes the thread where it waits for that. */
export function entry_added(flusher: Flusher): void {
    const queue = flusher.queue;
    if (queue.entries >= flusher.wake_entries || queue.bytes >= flusher.wake_bytes) wake(flusher);
    if (flusher.drain_until !== undefined) flusher.drain_until = later(clock.now(), flusher.settings.drain_seconds);
}

/** To be called when entries were dropped: sends a batch at once that only waits for more entries. */
export function overflowed(flusher: Flusher): void {
    if (flusher.wake_entries <= flusher.settings.batch_entries) {
        flusher.oldest_at = -math.huge as MonotonicTime;
        wake(flusher);
    }
}

/** Gives up, counts and logs all entries that are left when the worker ends. Phases: exit_worker. */
export function close(flusher: Flusher): void {
    const { queue, batch } = flusher;
    flusher.batch = undefined;
    const lost = batch === undefined ? 0 : queue.give_back(batch.parts);
    drop(flusher, "exit", lost + queue.clear(), "the worker exits");
    count_losses(flusher);
    show(flusher);
}
