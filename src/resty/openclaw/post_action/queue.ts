/**
 * Lines that wait to be delivered: a ring of bounded length and bounded bytes. A batch that was taken but is not
 * settled counts against both bounds. Pure Lua, plain numbers, never yields.
 *
 * Everything offered is taken, dropped or still here: that is what the figures rely on.
 */
import type { Buffer } from "string.buffer";
import table_new = require("table.new");
import * as lines from "./pages";
import type { Pages } from "./pages";
import type { Part } from "./sink";

/** What a queue is to those that fill it and empty it: this one, or that of durable_queue.ts. */
export interface Queue {
    /** Whether what is not delivered outlives the worker. */
    readonly is_durable: boolean;
    /** Waiting lines, and their bytes, line ends included. */
    entries: number;
    bytes: number;
    /** The same of the batch in flight. */
    flying_entries: number;
    flying_bytes: number;
    /** Lines that could not be read back, and lines that made room other than for a new one, since somebody set these to 0. */
    broken: number;
    ousted: number;
    /** Takes a line in, unless there is no room for it. Returns whether it did, and how many older ones it dropped. */
    offer(line: string | Buffer, at?: number): LuaMultiReturn<[taken: boolean, dropped: number]>;
    /**
     * The oldest lines as one text, a line end behind each, how many they are, and when the oldest came. They are in flight
     * from then on; only one batch may be. None: there are none, or none can be had right now. Phases: timer.
     */
    take(most_entries: number, most_bytes: number): LuaMultiReturn<[text: string, entries: number, oldest_at: number]>;
    /** When the oldest waiting line came; nothing where none waits. */
    oldest_at(): number | undefined;
    /** Some of the batch in flight has arrived, or is given up. */
    land(entries: number, bytes: number): void;
    /** All of it has. */
    settle(): void;
    /** The rest of the batch in flight will not be sent by this worker; returns how many entries are lost by that. */
    give_back(rest: Part[]): number;
    /** Lets go of all that waits; returns how many entries are lost by that. */
    clear(): number;
    /** What the background thread does now and then. Phases: timer. */
    tend(): void;
    /** Waits until what was taken in is where it is safe, if that is wished for. */
    wait(): void;
}

/** The queue in memory. */
export interface Ring extends Queue {
    readonly max_entries: number;
    readonly max_bytes: number;
    /** Whether the oldest waiting lines make room for a new one, or the new one is dropped. */
    readonly drop_oldest: boolean;
    readonly pages: Pages;
    /** How many bytes each of them has, its end included. */
    readonly lengths: LuaTable<number, number>;
    /** When each of them came. */
    readonly times: LuaTable<number, number>;
    /** Where the oldest waiting line is, from 1 to max_entries. */
    head: number;
    first(): string | undefined;
    drop_first(): void;
}

/** The oldest waiting line; nothing where none waits. */
function first(this: Ring): string | undefined {
    return this.entries === 0 ? undefined : lines.first(this.pages, this.lengths.get(this.head));
}

/** Lets go of the oldest waiting line. */
function drop_first(this: Ring): void {
    const bytes = this.lengths.get(this.head);
    lines.drop(this.pages, bytes);
    this.head = this.head === this.max_entries ? 1 : this.head + 1;
    this.entries -= 1;
    this.bytes -= bytes;
}

function has_room(queue: Ring, bytes: number): boolean {
    return (
        queue.entries + queue.flying_entries < queue.max_entries &&
        queue.bytes + queue.flying_bytes + bytes <= queue.max_bytes
    );
}

function offer(this: Ring, line: string | Buffer, at = 0): LuaMultiReturn<[taken: boolean, dropped: number]> {
    const bytes = length_of(line) + 1;
    let dropped = 0;
    while (!has_room(this, bytes)) {
        // Only lines that wait can make room; what is in flight is out of reach.
        const possible = this.drop_oldest && this.entries > 0 && this.flying_bytes + bytes <= this.max_bytes;
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

/** How many of the waiting lines make one batch, and their bytes; at least one line where one waits. */
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
): LuaMultiReturn<[text: string, entries: number, oldest_at: number]> {
    const [count, bytes] = measure(this, most_entries, most_bytes);
    const oldest = this.times.get(this.head);
    this.head = ((this.head + count - 1) % this.max_entries) + 1;
    this.entries -= count;
    this.bytes -= bytes;
    this.flying_entries = count;
    this.flying_bytes = bytes;
    return $multi(lines.take(this.pages, bytes), count, oldest);
}

function oldest_at(this: Ring): number | undefined {
    return this.entries === 0 ? undefined : this.times.get(this.head);
}

function land(this: Ring, entries: number, bytes: number): void {
    this.flying_entries -= entries;
    this.flying_bytes -= bytes;
}

function settle(this: Ring): void {
    this.flying_entries = 0;
    this.flying_bytes = 0;
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

/** There is nothing to do, and nothing to wait for. */
function nothing(): void {
    return;
}

const metatable = {
    __index: {
        first,
        drop_first,
        offer,
        take,
        oldest_at,
        land,
        settle,
        give_back,
        clear,
        tend: nothing,
        wait: nothing,
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
        times: table_new(max_entries, 0) as LuaTable<number, number>,
        head: 1,
        entries: 0,
        bytes: 0,
        flying_entries: 0,
        flying_bytes: 0,
        broken: 0,
        ousted: 0,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
