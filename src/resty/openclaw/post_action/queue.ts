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

export interface Queue {
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
    /** Waiting lines, and their bytes, line ends included. */
    entries: number;
    bytes: number;
    /** The same of the batch in flight. */
    flying_entries: number;
    flying_bytes: number;
}

/** An empty queue. */
function create(max_entries: number, max_bytes: number, drop_oldest: boolean): Queue {
    return {
        max_entries,
        max_bytes,
        drop_oldest,
        pages: lines.new(),
        lengths: table_new(max_entries, 0) as unknown as LuaTable<number, number>,
        times: table_new(max_entries, 0) as unknown as LuaTable<number, number>,
        head: 1,
        entries: 0,
        bytes: 0,
        flying_entries: 0,
        flying_bytes: 0,
    };
}
export { create as new };

/** Lets go of the oldest waiting line. */
function drop_head(queue: Queue): void {
    const bytes = queue.lengths.get(queue.head);
    lines.drop(queue.pages, bytes);
    queue.head = queue.head === queue.max_entries ? 1 : queue.head + 1;
    queue.entries -= 1;
    queue.bytes -= bytes;
}

function has_room(queue: Queue, bytes: number): boolean {
    return (
        queue.entries + queue.flying_entries < queue.max_entries &&
        queue.bytes + queue.flying_bytes + bytes <= queue.max_bytes
    );
}

/**
 * Takes a line in that came `at` this time, unless there is no room for it. Returns whether it did, and how many older
 * ones it dropped.
 */
export function offer(queue: Queue, line: string | Buffer, at = 0): LuaMultiReturn<[taken: boolean, dropped: number]> {
    const bytes = length_of(line) + 1;
    let dropped = 0;
    while (!has_room(queue, bytes)) {
        // Only lines that wait can make room; what is in flight is out of reach.
        const possible = queue.drop_oldest && queue.entries > 0 && queue.flying_bytes + bytes <= queue.max_bytes;
        if (!possible) return $multi(false, dropped);
        drop_head(queue);
        dropped += 1;
    }
    let tail = queue.head + queue.entries;
    if (tail > queue.max_entries) tail -= queue.max_entries;
    lines.add(queue.pages, line);
    queue.lengths.set(tail, bytes);
    queue.times.set(tail, at);
    queue.entries += 1;
    queue.bytes += bytes;
    return $multi(true, dropped);
}

/** How many of the waiting lines make one batch, and their bytes; at least one line where one waits. */
function measure(queue: Queue, most_entries: number, most_bytes: number): LuaMultiReturn<[number, number]> {
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

/**
 * The oldest lines as one text, a line end behind each, how many they are, and when the oldest came. They are in flight
 * from then on; only one batch may be.
 */
export function take(
    queue: Queue,
    most_entries: number,
    most_bytes: number,
): LuaMultiReturn<[text: string, entries: number, oldest_at: number]> {
    const [count, bytes] = measure(queue, most_entries, most_bytes);
    const oldest = queue.times.get(queue.head);
    queue.head = ((queue.head + count - 1) % queue.max_entries) + 1;
    queue.entries -= count;
    queue.bytes -= bytes;
    queue.flying_entries = count;
    queue.flying_bytes = bytes;
    return $multi(lines.take(queue.pages, bytes), count, oldest);
}

/** When the oldest waiting line came; nothing where none waits. */
export function oldest_at(queue: Queue): number | undefined {
    return queue.entries === 0 ? undefined : queue.times.get(queue.head);
}

/** Some of the batch in flight has arrived, or is given up. */
export function land(queue: Queue, entries: number, bytes: number): void {
    queue.flying_entries -= entries;
    queue.flying_bytes -= bytes;
}

/** All of the batch in flight has arrived, or is given up. */
export function settle(queue: Queue): void {
    queue.flying_entries = 0;
    queue.flying_bytes = 0;
}

/** Drops every waiting line; returns how many. */
export function clear(queue: Queue): number {
    const dropped = queue.entries;
    while (queue.entries > 0) drop_head(queue);
    return dropped;
}
