/** Writes entries to the segments of a spool's own lane, within its quota. None of it yields. */
import * as clock from "../core/time/clock";
import * as files from "../core/files/files";
import type { File } from "../core/files/files";
import * as disks from "./disk";
import * as folder from "./folder";
import * as lanes from "./lane";
import type { Lane, Segment } from "./lane";
import * as lines from "./line";
import { FULL } from "./state";
import type { Spool } from "./state";
import * as worker_process from "../core/process/worker_process";

/** So many names are tried at a time; each is a call of the system. */
const MOST_IN_THE_WAY = 100;
/** How often what has failed is tried again. */
const RETRY_SECONDS = 1;

/**
 * Takes a lane to write to, unless there is one. On failure nil and why; it may be called again. Phases: init_worker and all
 * that requests and timers have.
 */
export function open(spool: Spool): Result<true> {
    if (spool.own !== undefined) return $multi(true);
    // Of another process no worker could read the files, who may not be its user.
    if (!worker_process.is_here()) return $multi(undefined, "only workers have a lane");
    const [lane, err] = folder.take_lane(spool.settings.directory);
    if (lane === undefined) return $multi(undefined, err);
    // The disk may be full later on: the position has its place from now on.
    const problem = lanes.write_position(lane, lane.last_number, 0);
    if (problem !== undefined) {
        lanes.release(lane);
        return $multi(undefined, problem);
    }
    spool.own = lane;
    disks.named(spool.disk, spool.settings.directory);
    return $multi(true);
}

/** Writes no more to the current segment. */
export function leave_segment(spool: Spool): void {
    disks.retire(spool.disk);
    if (spool.own !== undefined) spool.own.grows = false;
}

/** Removes a segment with what is in it: how many entries. */
export function drop_segment(spool: Spool, lane: Lane, index: number): number {
    const segment = lane.segments[index]!;
    const { entries, text_bytes } = segment;
    const [, err] = lanes.remove(lane, index);
    if (err !== undefined) spool.settings.faults.report("remove", lanes.path_of(lane, segment), ": ", err);
    if (lane !== spool.flying) lanes.rewind(lane);
    spool.file_bytes -= segment.bytes;
    spool.entries -= entries;
    spool.bytes -= text_bytes;
    return entries;
}

/** Where the oldest segment of a lane is that may go: none that is written to, being read, or in flight. */
function droppable(spool: Spool, lane: Lane): number | undefined {
    const first = lane === spool.flying ? lane.cursor.index + 1 : 0;
    const count = lane.segments.length - (lane.grows ? 1 : 0);
    return first < count ? first : undefined;
}

/** Gives up the oldest segment there is: its bytes and entries; nothing where there is none. */
function drop_oldest(spool: Spool): LuaMultiReturn<[bytes?: number, entries?: number]> {
    for (const lane of spool.adopted) {
        const index = droppable(spool, lane);
        if (index !== undefined) return $multi(lane.segments[index]!.bytes, drop_segment(spool, lane, index));
    }
    const own = spool.own;
    const index = own === undefined ? undefined : droppable(spool, own);
    if (own === undefined || index === undefined) return $multi();
    return $multi(own.segments[index]!.bytes, drop_segment(spool, own, index));
}

/** Whether there is room for another segment, and for so many bytes, and what was given up for it. */
function make_room(spool: Spool, bytes: number): LuaMultiReturn<[has_room: boolean, dropped: number]> {
    const { directory, most_bytes } = spool.settings;
    const needed = math.max(bytes, spool.settings.segment_bytes);
    let used = folder.used_bytes(directory);
    let dropped = 0;
    while (used + needed > most_bytes) {
        if (!spool.settings.drop_oldest) return $multi(false, dropped);
        const [freed, entries] = drop_oldest(spool);
        if (freed === undefined) return $multi(false, dropped);
        used -= freed;
        dropped += entries!;
    }
    return $multi(true, dropped);
}

/** Forgets a lane whose folder somebody has removed; what was in it is gone. */
function forget_own(spool: Spool, lane: Lane): void {
    leave_segment(spool);
    for (const segment of lane.segments) {
        spool.entries -= segment.entries;
        spool.bytes -= segment.text_bytes;
        spool.file_bytes -= segment.bytes;
        spool.broken += segment.entries;
    }
    lanes.release(lane);
    spool.own = undefined;
}

/** Makes the file of the next number that is free, whatever somebody has put in the way. On failure nil and why. */
function create_next(own: Lane): Result<File> {
    for (const number of $range(own.last_number + 1, own.last_number + MOST_IN_THE_WAY)) {
        const [file, err] = files.open(lanes.segment_path(own.path, number), "create");
        const is_taken = file === undefined && files.is_taken();
        if (file !== undefined || is_taken) own.last_number = number;
        if (file !== undefined) return $multi(file);
        if (!is_taken) return $multi(undefined, err);
    }
    return $multi(undefined, "the names of the next segments are taken");
}

/** Begins a segment, for at least so many bytes. Nil and why when there is none; and how many entries were given up for it. */
function begin_segment(
    spool: Spool,
    bytes: number,
): LuaMultiReturn<[segment?: Segment | undefined, err?: string | undefined, dropped?: number | undefined]> {
    leave_segment(spool);
    const [ok, err] = open(spool);
    if (!ok) return $multi(undefined, err, 0);
    const own = spool.own!;
    const [has_room, dropped] = make_room(spool, bytes);
    if (!has_room) return $multi(undefined, FULL, dropped);
    const [file, file_err] = create_next(own);
    if (file === undefined) {
        if (own !== spool.flying && files.is_gone(`${own.path}/position`)) forget_own(spool, own);
        return $multi(undefined, file_err, dropped);
    }
    const segment = { number: own.last_number, bytes: 0, entries: 0, text_bytes: 0 };
    own.segments.push(segment);
    own.grows = true;
    spool.disk.file = file;
    disks.named(spool.disk, own.path);
    return $multi(segment, undefined, dropped);
}

/** The segment for so many more bytes, begun if need be. Else as `begin_segment`. */
function segment_for(
    spool: Spool,
    bytes: number,
): LuaMultiReturn<[segment?: Segment | undefined, err?: string | undefined, dropped?: number | undefined]> {
    if (spool.disk.has_failed) leave_segment(spool);
    if (spool.disk.file === undefined) return begin_segment(spool, bytes);
    const segments = spool.own!.segments;
    const segment = segments[segments.length - 1]!;
    if (segment.bytes > 0 && segment.bytes + bytes > spool.settings.segment_bytes) return begin_segment(spool, bytes);
    return $multi(segment, undefined, 0);
}

/** Nothing is written for a while. */
function block(spool: Spool, why: string): void {
    spool.blocked_until = clock.now() + RETRY_SECONDS;
    spool.blocked_by = why;
}

/**
 * Adds an entry, which must have no line end in it. One write to the system's cache; never yields. Nil and why when the entry
 * is not taken: "full" at the quota, all else may pass, and is tried again at most once a second. `dropped`: older entries
 * that were given up to make room. Phases: all but init and exit_worker.
 */
export function append(
    spool: Spool,
    entry: string,
): LuaMultiReturn<[ok?: true | undefined, err?: string | undefined, dropped?: number | undefined]> {
    const now = clock.now();
    if (now < spool.blocked_until) return $multi(undefined, spool.blocked_by, 0);
    const bytes = entry.length + lines.OTHER_BYTES;
    const [segment, err, dropped] = segment_for(spool, bytes);
    if (segment === undefined) {
        block(spool, err!);
        return $multi(undefined, err, dropped);
    }
    const file = spool.disk.file!;
    const [memory, count] = lines.encode(entry, ngx.time());
    const problem = files.write(file, memory, count);
    if (problem !== undefined) {
        if (files.truncate(file, segment.bytes) !== undefined) leave_segment(spool);
        block(spool, problem);
        return $multi(undefined, problem, dropped);
    }
    if (spool.entries === 0) spool.oldest_at = now;
    const text_bytes = entry.length + 1;
    segment.bytes += bytes;
    segment.entries += 1;
    segment.text_bytes += text_bytes;
    spool.file_bytes += bytes;
    spool.entries += 1;
    spool.bytes += text_bytes;
    disks.changed(spool.disk);
    return $multi(true, undefined, dropped);
}
