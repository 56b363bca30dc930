/** The state of the background thread of a queue, and how the thread sleeps and wakes up. */
import type { Semaphore } from "ngx.semaphore";
import * as semaphore from "ngx.semaphore";
import type { Faults } from "../core/metrics/fault";
import * as clock from "../core/time/clock";
import type { Figures, Reason } from "./figures";
import type { Queue } from "./queue";
import type { Part, Sink } from "./sink";

export interface Settings {
    readonly name: string;
    readonly batch_entries: number;
    readonly batch_bytes: number;
    readonly batch_seconds: number;
    readonly retry_seconds: number;
    readonly drain_seconds: number;
}

export interface Batch {
    /** Parts that are not settled; the last one is sent next. */
    readonly parts: Part[];
    /** When its oldest entry was queued. */
    readonly oldest_at: MonotonicTime;
    /** When it was first sent. */
    readonly since: MonotonicTime;
    /** Whether the last attempt failed. */
    failed: boolean;
    /** How often a refused part was split. */
    splits: number;
}

export interface Flusher {
    readonly settings: Settings;
    readonly queue: Queue;
    readonly sink: Sink;
    /** Gets the refused entries. */
    readonly dead_letter: Sink | undefined;
    readonly figures: Figures;
    readonly faults: Faults;
    readonly semaphore: Semaphore;
    /** "starting": a timer is created, but its callback has not run. */
    state: "idle" | "starting" | "running";
    started_at: MonotonicTime;
    is_watched: boolean;
    /** The thread sleeps until the queue holds so many entries, or so many bytes. */
    wake_entries: number;
    wake_bytes: number;
    /** No queued entry is older than this, unless there is a full batch. */
    oldest_at: MonotonicTime;
    batch?: Batch | undefined;
    /** Number of consecutive failures of the sink, over all batches. */
    failures: number;
    /** When to give up; set once the worker exits. */
    drain_until?: MonotonicTime;
}

/** Consecutive failures that open the circuit: from then on single entries are sent only, until one succeeds. */
const FAILURES_TO_OPEN = 5;
/** How often the watch timer looks for entries without a thread; also the longest sleep, in case there is no watch timer. */
export const WATCH_SECONDS = 5;

/** Whether the worker exits. The first call that finds so sets the time until which the queue is drained. Phases: any. */
export function is_exiting(flusher: Flusher): boolean {
    if (!ngx.worker.exiting()) return false;
    flusher.drain_until = flusher.drain_until ?? later(clock.now(), flusher.settings.drain_seconds);
    return true;
}

/** Whether the circuit is open, so that single entries are sent only. Phases: any. */
export function is_open(flusher: Flusher): boolean {
    return flusher.failures >= FAILURES_TO_OPEN;
}

/** Updates the gauges of this worker: entries and bytes held, the age of the oldest, and the circuit. Phases: any. */
export function show(flusher: Flusher): void {
    const figures = flusher.figures;
    const queue = flusher.queue;
    const mine = figures.registry.region.mine;
    mine.set(figures.queued_slot, queue.entries + queue.entries_in_flight);
    mine.set(figures.queued_bytes_slot, queue.bytes + queue.bytes_in_flight);
    mine.set(figures.oldest_slot, flusher.batch?.oldest_at ?? queue.oldest_at() ?? 0);
    mine.set(figures.circuit_slot, is_open(flusher) ? 1 : 0);
}

/** Wakes the thread up. Phases: any. */
export function wake(flusher: Flusher): void {
    flusher.wake_entries = math.huge;
    flusher.wake_bytes = math.huge;
    flusher.semaphore.post(1);
}

/** Sleeps until the queue holds so many entries or bytes, the worker exits, or the time is over. Phases: timer. */
export function sleep(flusher: Flusher, entries: number, bytes: number, seconds: number): void {
    flusher.wake_entries = entries;
    flusher.wake_bytes = bytes;
    flusher.semaphore.wait(math.max(0.001, math.min(seconds, WATCH_SECONDS)));
    flusher.wake_entries = math.huge;
    flusher.wake_bytes = math.huge;
}

/** Counts and logs entries that were dropped. Phases: any. */
export function drop(flusher: Flusher, reason: Reason, entries: number, why: string): void {
    if (entries === 0) return;
    flusher.figures.dropped.get(reason).inc(entries);
    flusher.faults.report(reason, "sink ", flusher.settings.name, ": ", entries, " entries dropped: ", why);
}

/** Counts and logs entries that the queue has lost. Phases: any. */
export function count_losses(flusher: Flusher): void {
    const { broken, evicted } = flusher.queue;
    flusher.queue.broken = 0;
    flusher.queue.evicted = 0;
    drop(flusher, "broken", broken, "the spool is damaged");
    drop(flusher, "overflow", evicted, "the queue is full");
}

/** Runs the maintenance of the queue. Phases: timer. */
export function maintain(flusher: Flusher): void {
    flusher.queue.maintain();
    count_losses(flusher);
    show(flusher);
}

/** The state of a thread that is not started. Phases: init. Raises when there is no memory for a semaphore. */
function create(
    settings: Settings,
    queue: Queue,
    sink: Sink,
    dead_letter: Sink | undefined,
    figures: Figures,
    faults: Faults,
): Flusher {
    const [made, err] = semaphore.new();
    if (made === undefined) error(`post_action: no semaphore: ${err}`, 0);
    return {
        settings,
        queue,
        sink,
        dead_letter,
        figures,
        faults,
        semaphore: made,
        state: "idle",
        started_at: 0 as MonotonicTime,
        is_watched: false,
        wake_entries: math.huge,
        wake_bytes: math.huge,
        oldest_at: 0 as MonotonicTime,
        failures: 0,
    };
}
export { create as new };
