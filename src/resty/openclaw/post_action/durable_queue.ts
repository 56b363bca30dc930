/**
 * A queue on disk. Its entries survive the worker, and another worker delivers them. While the disk fails, entries are queued in
 * memory behind those on disk, so the order is kept.
 */
import type { Buffer } from "string.buffer";
import * as kinds from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { computed, option } from "../config/schema";
import type { Faults } from "../core/metrics/fault";
import * as clock from "../core/time/clock";
import * as time_slice from "../core/time/time_slice";
import type { Spool } from "../spool";
import * as spools from "../spool";
import type { SpoolFigures } from "./figures";
import * as lines from "./lines";
import type { Queue, Ring } from "./queue";
import type { Part } from "./sink";
import { PATH } from "./sinks/file";

interface DurableQueue extends Queue {
    readonly name: string;
    readonly spool: Spool;
    /** Entries that could not be written to disk; all are newer than those in the spool. */
    readonly memory: Ring;
    readonly figures: SpoolFigures;
    readonly faults: Faults;
    /** When to look again for entries of workers that have ended. */
    adopt_at: MonotonicTime;
    /** Whether the batch in flight was taken from memory. */
    is_from_memory: boolean;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const SCHEMA = {
    durable: option(kinds.flag, false, "whether entries wait [on disk](#on-disk), so that they survive the worker"),
    spool: computed(
        PATH,
        "required with `durable`",
        "absolute path of the folder that contains the sink's folder `name`; only with `durable`",
    ),
    spool_bytes: option(kinds.whole(MIB), KIB * MIB, "maximum size of that folder, in bytes"),
    fsync: option(
        kinds.one_of("always", "interval", "never"),
        "interval",
        "when files are synced to disk; [see below](#on-disk)",
    ),
    fsync_seconds: option(kinds.positive, 1, 'with `"interval"`: seconds between two syncs'),
    thread_pool: option(kinds.text, "default", "the `thread_pool` of nginx that syncs files to disk"),
};

type Options = Values<typeof SCHEMA>;

const USUAL_SEGMENT_BYTES = 8 * MIB;
const LEAST_SEGMENT_BYTES = 64 * KIB;
/** The quota has at least so many segments, so that dropping one drops little. */
const LEAST_SEGMENTS = 16;
/** And at most about so many: all are looked at whenever a segment is begun, which then takes 1.5 ms. */
const MOST_SEGMENTS = 1024;

const ADOPT_SECONDS = 3;
/** Lines moved from memory to disk before other requests are served: well below a millisecond. */
const LINES_AT_A_STRETCH = 50;

/** Updates the numbers that the queue shows. */
function update_totals(queue: DurableQueue): void {
    const { spool, memory, figures } = queue;
    queue.entries = spool.entries + memory.entries;
    queue.bytes = spool.bytes + memory.bytes;
    queue.broken += spool.broken;
    spool.broken = 0;
    figures.registry.region.mine.set(figures.bytes_slot, spool.file_bytes);
}

function failed(queue: DurableQueue, err: string | undefined): void {
    queue.faults.report("spool", "sink ", queue.name, ": ", err);
}

function offer(
    this: DurableQueue,
    line: string | Buffer,
    at: MonotonicTime,
): LuaMultiReturn<[taken: boolean, dropped: number]> {
    let given_up = 0;
    if (this.memory.entries === 0) {
        const [written, err, dropped] = spools.append(this.spool, tostring(line));
        given_up = dropped!;
        if (written === true || err === spools.FULL) {
            update_totals(this);
            if (written === true) this.figures.spilled.inc(1);
            return $multi(written === true, given_up);
        }
        failed(this, err);
    }
    const [taken, dropped] = this.memory.offer(line, at);
    if (taken) this.figures.failures.inc(1);
    update_totals(this);
    return $multi(taken, given_up + dropped);
}

function take(
    this: DurableQueue,
    most_entries: number,
    most_bytes: number,
): LuaMultiReturn<[text: string, entries: number, oldest_at: MonotonicTime]> {
    let [text, entries, oldest] = spools.take(this.spool, most_entries, most_bytes);
    this.is_from_memory = entries === 0 && this.memory.entries > 0;
    if (this.is_from_memory) [text, entries, oldest] = this.memory.take(most_entries, most_bytes);
    this.entries_in_flight = entries;
    this.bytes_in_flight = text.length;
    update_totals(this);
    return $multi(text, entries, oldest);
}

function oldest_at(this: DurableQueue): MonotonicTime | undefined {
    return this.spool.entries > 0 ? this.spool.oldest_at : this.memory.oldest_at();
}

function done(this: DurableQueue, entries: number, bytes: number): void {
    this.entries_in_flight -= entries;
    this.bytes_in_flight -= bytes;
    if (this.is_from_memory) this.memory.done(entries, bytes);
}

function settle(this: DurableQueue): void {
    this.entries_in_flight = 0;
    this.bytes_in_flight = 0;
    if (this.is_from_memory) this.memory.settle();
    else spools.finish(this.spool);
    update_totals(this);
}

/** Writes a line that was in memory to disk; false when that fails. */
function write_late(queue: DurableQueue, line: string): boolean {
    const [written, err, dropped] = spools.append(queue.spool, line);
    queue.evicted += dropped!;
    if (written === true) queue.figures.spilled.inc(1);
    else if (err !== spools.FULL) failed(queue, err);
    return written === true;
}

/** Writes lines that were in memory to disk; returns how many could not be written. */
function write_to_disk(queue: DurableQueue, text: string): number {
    let lost = 0;
    for (const line of lines.split(text)) {
        if (!write_late(queue, line)) lost += 1;
    }
    return lost;
}

function give_back(this: DurableQueue, rest: Part[]): number {
    let lost = 0;
    if (this.is_from_memory) {
        this.memory.settle();
        for (const part of rest) lost += write_to_disk(this, part.text);
    } else {
        spools.give_back(this.spool);
    }
    this.entries_in_flight = 0;
    this.bytes_in_flight = 0;
    update_totals(this);
    return lost;
}

/** Moves the oldest line from memory to disk; false when there is none, or writing fails. */
function move_one(queue: DurableQueue): boolean {
    const line = queue.memory.first();
    if (line === undefined || !write_late(queue, line)) return false;
    queue.memory.drop_first();
    return true;
}

/** Leaves all entries to other workers. Entries in memory are lost, unless they can be written to disk now. */
function clear(this: DurableQueue): number {
    while (move_one(this));
    const lost = this.memory.clear();
    spools.close(this.spool);
    update_totals(this);
    return lost;
}

/** Takes over the entries of workers that have ended. */
function adopt(queue: DurableQueue): void {
    if (clock.now() < queue.adopt_at || ngx.worker.exiting()) return;
    queue.adopt_at = later(clock.now(), ADOPT_SECONDS);
    const [ok, err] = spools.open(queue.spool);
    if (ok) spools.adopt(queue.spool);
    else failed(queue, err);
}

function maintain(this: DurableQueue): void {
    adopt(this);
    let moved = 0;
    while (move_one(this)) {
        moved += 1;
        update_totals(this);
        if (moved % LINES_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    update_totals(this);
}

function wait(this: DurableQueue): void {
    spools.wait(this.spool);
}

const metatable = { __index: { offer, take, oldest_at, done, settle, give_back, clear, maintain, wait } };

/** Adds to the problems where the options do not fit together. `path`: of their table. Phases: init. */
export function check({ durable, spool }: Options, path: string, problems: Problems): void {
    if (durable && spool === undefined) PATH.read(spool, problem.child(path, "spool"), problems);
    if (!durable && spool !== undefined) {
        problem.add(problems, problem.child(path, "durable"), 'true where there is a "spool"', durable);
    }
}

/**
 * A queue in the folder `name` of the option `spool`; touches no file. `path`: the path of the table with the name, for errors.
 * Phases: init. Raises where the name cannot be that of a folder.
 */
function create(
    options: Options,
    name: string,
    path: string,
    memory: Ring,
    figures: SpoolFigures,
    faults: Faults,
): DurableQueue {
    const [legal] = string.find(name, "^[^/.%z][^/%z]*$");
    if (legal === undefined) {
        problem.refuse(
            problem.child(path, "name"),
            'a name without "/" and no "." in front, as it names a folder',
            name,
        );
    }
    const most_bytes = options.spool_bytes;
    const share = math.floor(most_bytes / LEAST_SEGMENTS / ngx.worker.count());
    const usual = math.max(USUAL_SEGMENT_BYTES, math.ceil(most_bytes / MOST_SEGMENTS));
    const spool = spools.new({
        directory: `${options.spool}/${name}`,
        most_bytes,
        segment_bytes: math.max(LEAST_SEGMENT_BYTES, math.min(usual, share)),
        drop_oldest: memory.drop_oldest,
        fsync: options.fsync,
        fsync_seconds: options.fsync_seconds,
        thread_pool: options.thread_pool,
        faults,
    });
    const fields = {
        is_durable: true,
        name,
        spool,
        memory,
        figures,
        faults,
        entries: 0,
        bytes: 0,
        entries_in_flight: 0,
        bytes_in_flight: 0,
        broken: 0,
        evicted: 0,
        adopt_at: 0 as MonotonicTime,
        is_from_memory: false,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
