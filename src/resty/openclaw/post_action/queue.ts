/**
 * A queue of lines in memory: a ring with a maximum number of entries and of bytes. A batch in flight counts against both until it is
 * settled. Pure Lua, never yields.
 *
 * Each line that is offered is taken, dropped or still queued. The counters rely on this.
 */
import type { Buffer } from "string.buffer";
import table_new = require("table.new");
import type { Pages } from "./pages";
import * as lines from "./pages";
import type { Part } from "./sink";

/** A queue: in memory (this module), or on disk (durable_queue.ts). */
export interface Queue {
    /** Whether entries that are not delivered survive the worker. */
    readonly is_durable: boolean;
    /** Queued lines, and their bytes, line ends included; those in flight left out. */
    entries: number;
    bytes: number;
    /** The same for the batch in flight. */
    entries_in_flight: number;
    bytes_in_flight: number;
    /** Lines that could not be read back, and lines evicted other than by `offer`, since the flusher last set these to 0. */
    broken: number;
    evicted: number;
    /** Queues a line if there is room. Returns whether it did, and how many older lines were dropped for it. `at`: now. */
    offer(line: string | Buffer, at: MonotonicTime): LuaMultiReturn<[taken: boolean, dropped: number]>;
    /**
     * Takes the oldest lines as the next batch: one string with a line end after each line, the number of lines, and when the oldest
     * was queued. The batch is in flight from then on; there is one at a time. 0 lines where none are queued, or none can be read
     * now. Phases: timer.
     */
    take(
        most_entries: number,
        most_bytes: number,
    ): LuaMultiReturn<[text: string, entries: number, oldest_at: MonotonicTime]>;
    /** When the oldest queued line was queued; nothing where the queue is empty. */
    oldest_at(): MonotonicTime | undefined;
    /** Notes that part of the batch in flight is delivered or given up. */
    done(entries: number, bytes: number): void;
    /** Notes the same for all of it: no batch is in flight any more. */
    settle(): void;
    /** Gives back the rest of the batch in flight, which this worker will not send; returns how many entries are lost. */
    give_back(rest: Part[]): number;
    /** Empties the queue when the worker ends; returns how many entries are lost. */
    clear(): number;
    /** Maintenance, called regularly by the background thread. Phases: timer. */
    maintain(): void;
    /** Waits until the queued lines are synced to disk, where the queue does that. */
    wait(): void;
}

/** The queue in memory. */
export interface Ring extends Queue {
    readonly max_entries: number;
    readonly max_bytes: number;
    /** Whether a full queue drops its oldest lines, or else the new one. */
    readonly drop_oldest: boolean;
    readonly pages: Pages;
    /** The bytes of each line, its line end included. */
    readonly lengths: LuaTable<number, number>;
    /** When each line was queued. */
    readonly times: LuaTable<number, MonotonicTime>;
    /** The index of the oldest line, from 1 to max_entries. */
    head: number;
    first(): string | undefined;
    drop_first(): void;
}

/** The oldest line; nothing where the queue is empty. */
function first(this: Ring): string | undefined {
    return this.entries === 0 ? undefined : lines.first(this.pages, this.lengths.get(this.head));
}

/** Removes the oldest line. */
function drop_first(this: Ring): void {
    const bytes = this.lengths.get(this.head);
    lines.drop(this.pages, bytes);
    this.head = this.head === this.max_entries ? 1 : this.head + 1;
    this.entries -= 1;
    this.bytes -= bytes;
}

function has_room(queue: Ring, bytes: number): boolean {
    return (
        queue.entries + queue.entries_in_flight < queue.max_entries &&
        queue.bytes + queue.bytes_in_flight + bytes <= queue.max_bytes
    );
}

function offer(
    this: Ring,
    line: string | Buffer,
    at: MonotonicTime,
): LuaMultiReturn<[taken: boolean, dropped: number]> {
    const bytes = length_of(line) + 1;
    let dropped = 0;
    while (!has_room(this, bytes)) {
        // Lines in flight cannot be dropped.
        const possible = this.drop_oldest && this.entries > 0 && this.bytes_in_flight + bytes <= this.max_bytes;
        if (!possible) return $multi(false, dropped);
        this.drop_first();
        dropped += 1;
    }
    let tail = this.head + this.entries;
    if (tail > this.max_entries) tail -= this.max_entries;
    lines.add(this.pages, line);
    this.lengths.set(tail, bytes);
    this.times.set(tail, at);
    this.entries += 1;
    this.bytes += bytes;
    return $multi(true, dropped);
}

/** How many lines the next batch has, and their bytes: at least one line, unless the queue is empty. */
function measure(queue: Ring, most_entries: number, most_bytes: number): LuaMultiReturn<[number, number]> {
    const most = math.min(queue.entries, most_entries);
    let count = 0;
    let bytes = 0;
    let at = queue.head;
    while (count < most) {
        const length = queue.lengths.get(at);
        if (count > 0 && bytes + length > most_bytes) break;
        count += 1;
        bytes += length;
        at = at === queue.max_entries ? 1 : at + 1;
    }
    return $multi(count, bytes);
}

function take(
    this: Ring,
    most_entries: number,
    most_bytes: number,
): LuaMultiReturn<[text: string, entries: number, oldest_at: MonotonicTime]> {
    const [count, bytes] = measure(this, most_entries, most_bytes);
    const oldest = this.times.get(this.head);
    this.head = ((this.head + count - 1) % this.max_entries) + 1;
    this.entries -= count;
    this.bytes -= bytes;
    this.entries_in_flight = count;
    this.bytes_in_flight = bytes;
    return $multi(lines.take(this.pages, bytes), count, oldest);
}

function oldest_at(this: Ring): MonotonicTime | undefined {
    return this.entries === 0 ? undefined : this.times.get(this.head);
}

function done(this: Ring, entries: number, bytes: number): void {
    this.entries_in_flight -= entries;
    this.bytes_in_flight -= bytes;
}

function settle(this: Ring): void {
    this.entries_in_flight = 0;
    this.bytes_in_flight = 0;
}

function give_back(this: Ring, rest: Part[]): number {
    let entries = 0;
    for (const part of rest) entries += part.entries;
    this.settle();
    return entries;
}

function clear(this: Ring): number {
    const dropped = this.entries;
    while (this.entries > 0) this.drop_first();
    return dropped;
}

/** For what a queue in memory does not need. */
function do_nothing(): void {
    return;
}

const metatable = {
    __index: {
        first,
        drop_first,
        offer,
        take,
        oldest_at,
        done,
        settle,
        give_back,
        clear,
        maintain: do_nothing,
        wait: do_nothing,
    },
};

/** An empty queue. */
function create(max_entries: number, max_bytes: number, drop_oldest: boolean): Ring {
    const fields = {
        is_durable: false,
        max_entries,
        max_bytes,
        drop_oldest,
        pages: lines.new(),
        lengths: table_new(max_entries, 0) as LuaTable<number, number>,
        times: table_new(max_entries, 0) as LuaTable<number, MonotonicTime>,
        head: 1,
        entries: 0,
        bytes: 0,
        entries_in_flight: 0,
        bytes_in_flight: 0,
        broken: 0,
        evicted: 0,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
