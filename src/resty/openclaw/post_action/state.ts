/** What the background thread of one queue knows, and how it sleeps and is woken. */
import type { Faults } from "../core/metrics/fault";
import * as semaphore from "ngx.semaphore";
import type { Semaphore } from "ngx.semaphore";
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
    /** What of it is not settled yet; the last part is sent next. */
    readonly parts: Part[];
    /** When its oldest line came. */
    readonly oldest_at: number;
    /** When it was first sent. */
    readonly since: number;
    /** Whether the last try failed. */
    failed: boolean;
    /** How often a part was refused and divided. */
    splits: number;
}

export interface Flusher {
    readonly settings: Settings;
    readonly queue: Queue;
    readonly sink: Sink;
    /** Where refused entries go. */
    readonly dead_letter: Sink | undefined;
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
    /** No waiting line is older than this, but for those that make a full batch. */
    oldest_at: number;
    batch?: Batch | undefined;
    /** How often in a row the sink has failed, whatever the batch. */
    failures: number;
    /** Once the worker exits: when to give up. */
    drain_until?: number;
}

/** So many failures in a row open the circuit: the sink is left alone then but for single entries. */
const FAILURES_TO_OPEN = 5;
/** How often to see whether entries wait without a thread; also the longest sleep, should no watch be possible. */
export const WATCH_SECONDS = 5;

/** Whether the worker exits; from the first time on, the draining has an end. Phases: any. */
export function is_exiting(flusher: Flusher): boolean {
    if (!ngx.worker.exiting()) return false;
    flusher.drain_until = flusher.drain_until ?? clock.now() + flusher.settings.drain_seconds;
    return true;
}

/** Whether the sink is left alone but for single entries. Phases: any. */
export function is_open(flusher: Flusher): boolean {
    return flusher.failures >= FAILURES_TO_OPEN;
}

/** Shows how much this worker holds for the sink, since when, and whether it leaves the sink alone. Phases: any. */
export function show(flusher: Flusher): void {
    const figures = flusher.figures;
    const queue = flusher.queue;
    const mine = figures.registry.region.mine;
    mine.set(figures.queued_slot, queue.entries + queue.entries_in_flight);
    mine.set(figures.queued_bytes_slot, queue.bytes + queue.bytes_in_flight);
    mine.set(figures.oldest_slot, flusher.batch?.oldest_at ?? queue.oldest_at() ?? 0);
    mine.set(figures.circuit_slot, is_open(flusher) ? 1 : 0);
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

/** Counts and logs what the queue has lost by itself. Phases: any. */
export function count_losses(flusher: Flusher): void {
    const { broken, evicted } = flusher.queue;
    flusher.queue.broken = 0;
    flusher.queue.evicted = 0;
    drop(flusher, "broken", broken, "the spool is damaged");
    drop(flusher, "overflow", evicted, "the queue is full");
}

/** Lets the queue do what it does now and then. Phases: timer. */
export function maintain(flusher: Flusher): void {
    flusher.queue.maintain();
    count_losses(flusher);
    show(flusher);
}

/** The state of a thread that is not started yet. Phases: init. Raises when there is no memory for a semaphore. */
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
        started_at: 0,
        is_watched: false,
        wake_entries: math.huge,
        wake_bytes: math.huge,
        oldest_at: 0,
        failures: 0,
    };
}
export { create as new };
