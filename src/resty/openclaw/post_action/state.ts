/** What the background thread of one queue knows, and how it sleeps and is woken. */
import type { Faults } from "../fault";
import * as semaphore from "ngx.semaphore";
import type { Semaphore } from "ngx.semaphore";
import type { Figures, Reason } from "./figures";
import type { Queue } from "./queue";
import type { Sink } from "./sinks";

export interface Settings {
    readonly name: string;
    readonly batch_entries: number;
    readonly batch_bytes: number;
    readonly batch_seconds: number;
    readonly retry_seconds: number;
    readonly drain_seconds: number;
}

export interface Batch {
    readonly text: string;
    readonly entries: number;
    /** When it was first sent. */
    readonly since: number;
    failures: number;
}

export interface Flusher {
    readonly settings: Settings;
    readonly queue: Queue;
    readonly sink: Sink;
    readonly figures: Figures;
    readonly faults: Faults;
    readonly semaphore: Semaphore;
    /** "starting": a timer is made, but its callback has not run. */
    state: "idle" | "starting" | "running";
    started_at: number;
    is_watched: boolean;
    /** The thread sleeps until the queue holds so many entries, or so many bytes. */
    wake_entries: number;
    wake_bytes: number;
    /** No waiting line is older than this, on `ngx.now`'s clock. */
    oldest_at: number;
    batch?: Batch | undefined;
    /** Once the worker exits: when to give up. */
    drain_until?: number;
}

/** How often to see whether entries wait without a thread; also the longest sleep, should no watch be possible. */
export const WATCH_SECONDS = 5;

/** Whether the worker exits; from the first time on, the draining has an end. Phases: any. */
export function is_exiting(flusher: Flusher): boolean {
    if (!ngx.worker.exiting()) return false;
    flusher.drain_until = flusher.drain_until ?? ngx.now() + flusher.settings.drain_seconds;
    return true;
}

/** Ends the thread's sleep. Phases: any. */
export function wake(flusher: Flusher): void {
    flusher.wake_entries = math.huge;
    flusher.wake_bytes = math.huge;
    flusher.semaphore.post(1);
}

/** Sleeps until the queue holds so much, or the worker exits, or the time is over. Phases: timer. */
export function sleep(flusher: Flusher, entries: number, bytes: number, seconds: number): void {
    flusher.wake_entries = entries;
    flusher.wake_bytes = bytes;
    flusher.semaphore.wait(math.max(0.001, math.min(seconds, WATCH_SECONDS)));
    flusher.wake_entries = math.huge;
    flusher.wake_bytes = math.huge;
}

/** Counts and logs entries that will not be delivered. Phases: any. */
export function drop(flusher: Flusher, reason: Reason, entries: number, why: string): void {
    if (entries === 0) return;
    flusher.figures.dropped.get(reason).inc(entries);
    flusher.faults.report(reason, "sink ", flusher.settings.name, ": ", entries, " entries dropped: ", why);
}

/** The state of a thread that is not started yet. Phases: init. Raises when there is no memory for a semaphore. */
function create(settings: Settings, queue: Queue, sink: Sink, figures: Figures, faults: Faults): Flusher {
    const [made, err] = semaphore.new();
    if (made === undefined) error(`post_action: no semaphore: ${err}`, 0);
    return {
        settings,
        queue,
        sink,
        figures,
        faults,
        semaphore: made,
        state: "idle",
        started_at: 0,
        is_watched: false,
        wake_entries: math.huge,
        wake_bytes: math.huge,
        oldest_at: 0,
    };
}
export { create as new };
