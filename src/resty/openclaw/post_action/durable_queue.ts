/**
 * A queue on disk: lines that wait to be delivered outlive the worker, and another worker delivers them. While the disk
 * fails, a queue in memory takes over, so that no line overtakes another.
 */
import type { Buffer } from "string.buffer";
import * as clock from "../core/time/clock";
import * as kinds from "../config/kinds";
import * as problem from "../config/problems";
import type { Problems } from "../config/problems";
import { computed, option } from "../config/schema";
import type { Values } from "../config/schema";
import type { Faults } from "../core/metrics/fault";
import * as spools from "../spool";
import type { Spool } from "../spool";
import * as time_slice from "../core/time/time_slice";
import type { SpoolFigures } from "./figures";
import * as lines from "./lines";
import type { Queue, Ring } from "./queue";
import type { Part } from "./sink";
import { PATH } from "./sinks/file";

interface DurableQueue extends Queue {
    readonly name: string;
    readonly spool: Spool;
    /** What could not be written; all of it came after what is in the spool. */
    readonly memory: Ring;
    readonly figures: SpoolFigures;
    readonly faults: Faults;
    /** When to look for what others have left behind. */
    adopt_at: number;
    flies_from_memory: boolean;
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
    spool_bytes: option(kinds.whole(MIB), KIB * MIB, "the quota of that folder"),
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
/** At least so many segments make the quota, so that what is given up at a time is little. */
const LEAST_SEGMENTS = 16;
/** And about so many at most, as all are looked at whenever one begins, which takes a millisecond and a half then. */
const MOST_SEGMENTS = 1024;

const ADOPT_SECONDS = 3;
/** What is moved from memory to disk at a stretch: well below a millisecond. */
const LINES_AT_A_STRETCH = 50;

/** Brings what the queue shows of itself up to date. */
function sum(queue: DurableQueue): void {
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
    at?: number,
): LuaMultiReturn<[taken: boolean, dropped: number]> {
    let given_up = 0;
    if (this.memory.entries === 0) {
        const [written, err, dropped] = spools.append(this.spool, tostring(line));
        given_up = dropped!;
        if (written === true || err === spools.FULL) {
            sum(this);
            if (written === true) this.figures.spilled.inc(1);
            return $multi(written === true, given_up);
        }
        failed(this, err);
    }
    const [taken, dropped] = this.memory.offer(line, at);
    if (taken) this.figures.failures.inc(1);
    sum(this);
    return $multi(taken, given_up + dropped);
}

function take(
    this: DurableQueue,
    most_entries: number,
    most_bytes: number,
): LuaMultiReturn<[text: string, entries: number, oldest_at: number]> {
    let [text, entries, oldest] = spools.take(this.spool, most_entries, most_bytes);
    this.flies_from_memory = entries === 0 && this.memory.entries > 0;
    if (this.flies_from_memory) [text, entries, oldest] = this.memory.take(most_entries, most_bytes);
    this.flying_entries = entries;
    this.flying_bytes = text.length;
    sum(this);
    return $multi(text, entries, oldest);
}

function oldest_at(this: DurableQueue): number | undefined {
    return this.spool.entries > 0 ? this.spool.oldest_at : this.memory.oldest_at();
}

function land(this: DurableQueue, entries: number, bytes: number): void {
    this.flying_entries -= entries;
    this.flying_bytes -= bytes;
    if (this.flies_from_memory) this.memory.land(entries, bytes);
}

function settle(this: DurableQueue): void {
    this.flying_entries = 0;
    this.flying_bytes = 0;
    if (this.flies_from_memory) this.memory.settle();
    else spools.finish(this.spool);
    sum(this);
}

/** Writes a line to the disk after all; false when the disk does not take it. */
function write_late(queue: DurableQueue, line: string): boolean {
    const [written, err, dropped] = spools.append(queue.spool, line);
    queue.ousted += dropped!;
    if (written === true) queue.figures.spilled.inc(1);
    else if (err !== spools.FULL) failed(queue, err);
    return written === true;
}

/** Writes lines to the disk after all: how many it does not take. */
function rescue(queue: DurableQueue, text: string): number {
    let lost = 0;
    for (const line of lines.split(text)) {
        if (!write_late(queue, line)) lost += 1;
    }
    return lost;
}

function give_back(this: DurableQueue, rest: Part[]): number {
    let lost = 0;
    if (this.flies_from_memory) {
        this.memory.settle();
        for (const part of rest) lost += rescue(this, part.text);
    } else {
        spools.give_back(this.spool);
    }
    this.flying_entries = 0;
    this.flying_bytes = 0;
    sum(this);
    return lost;
}

/** Writes the oldest line in memory to the disk; false when there is none, or the disk does not take it. */
function move_one(queue: DurableQueue): boolean {
    const line = queue.memory.first();
    if (line === undefined || !write_late(queue, line)) return false;
    queue.memory.drop_first();
    return true;
}

/** Leaves all to other workers; what is in memory only is lost, unless the disk takes it now. */
function clear(this: DurableQueue): number {
    while (move_one(this));
    const lost = this.memory.clear();
    spools.close(this.spool);
    sum(this);
    return lost;
}

/** Looks for what workers have left behind that are gone. */
function adopt(queue: DurableQueue): void {
    if (clock.now() < queue.adopt_at || ngx.worker.exiting()) return;
    queue.adopt_at = clock.now() + ADOPT_SECONDS;
    const [ok, err] = spools.open(queue.spool);
    if (ok) spools.adopt(queue.spool);
    else failed(queue, err);
}

function tend(this: DurableQueue): void {
    adopt(this);
    let moved = 0;
    while (move_one(this)) {
        moved += 1;
        sum(this);
        if (moved % LINES_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    sum(this);
}

function wait(this: DurableQueue): void {
    spools.wait(this.spool);
}

const metatable = { __index: { offer, take, oldest_at, land, settle, give_back, clear, tend, wait } };

/** Adds to the problems where the options do not fit together. `path`: of their table. Phases: init. */
export function check({ durable, spool }: Options, path: string, problems: Problems): void {
    if (durable && spool === undefined) PATH.read(spool, problem.child(path, "spool"), problems);
    if (!durable && spool !== undefined) {
        problem.add(problems, problem.child(path, "durable"), 'true where there is a "spool"', durable);
    }
}

/**
 * A queue in the folder `name` of the option `spool`; touches no file. `path`: of the table that has the name. Phases: init.
 * Raises where the name is none of a folder.
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
        flying_entries: 0,
        flying_bytes: 0,
        broken: 0,
        ousted: 0,
        adopt_at: 0,
        flies_from_memory: false,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
