/** Writes entries to the segments of a spool's own lane, within the quota. Never yields. */
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as worker_process from "../core/process/worker_process";
import * as clock from "../core/time/clock";
import * as disks from "./disk";
import * as folder from "./folder";
import type { Lane, Segment } from "./lane";
import * as lanes from "./lane";
import * as lines from "./line";
import type { Spool } from "./state";
import { FULL } from "./state";

/** So many file names are tried at a time; each costs a system call. */
const MOST_IN_THE_WAY = 100;
/** How long after a failure the next write is tried. */
const RETRY_SECONDS = 1;

/**
 * Acquires a lane to write to, unless there is one. On failure nil and why; may be called again. Phases: init_worker and those of
 * requests and timers.
 */
export function open(spool: Spool): Result<true> {
    if (spool.own !== undefined) return $multi(true);
    // Another process may run as another user, whose files no worker could read.
    if (!worker_process.is_here()) return $multi(undefined, "only workers have a lane");
    const [lane, err] = folder.take_lane(spool.settings.directory);
    if (lane === undefined) return $multi(undefined, err);
    // Reserves space for the position, as the disk may be full later.
    const problem = lanes.write_position(lane, lane.last_number, 0);
    if (problem !== undefined) {
        lanes.release(lane);
        return $multi(undefined, problem);
    }
    spool.own = lane;
    disks.named(spool.disk, spool.settings.directory);
    return $multi(true);
}

/** Ends the current segment: the next entry begins another. */
export function leave_segment(spool: Spool): void {
    disks.retire(spool.disk);
    if (spool.own !== undefined) spool.own.grows = false;
}

/** Drops a segment with its entries; returns how many. */
export function drop_segment(spool: Spool, lane: Lane, index: number): number {
    const segment = lane.segments[index]!;
    const { entries, text_bytes } = segment;
    const [, err] = lanes.remove(lane, index);
    if (err !== undefined) spool.settings.faults.report("remove", lanes.path_of(lane, segment), ": ", err);
    if (lane !== spool.lane_in_flight) lanes.rewind(lane);
    spool.file_bytes -= segment.bytes;
    spool.entries -= entries;
    spool.bytes -= text_bytes;
    return entries;
}

/** The index of the oldest segment of a lane that may be dropped: not one that is written to, being read, or in flight. */
function droppable(spool: Spool, lane: Lane): number | undefined {
    const first = lane === spool.lane_in_flight ? lane.cursor.index + 1 : 0;
    const count = lane.segments.length - (lane.grows ? 1 : 0);
    return first < count ? first : undefined;
}

/** Drops the oldest segment: its bytes and entries; nothing where there is none. */
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

/** Makes room for another segment of at least so many bytes. Returns whether there is room, and how many entries were dropped. */
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

/** Releases the own lane after its folder was removed; its entries are lost. */
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

/** Creates the file of the next free number. On failure nil and why. */
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

/** Begins a segment for at least so many bytes. On failure nil and why. Third: how many entries were dropped for it. */
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
        if (own !== spool.lane_in_flight && files.is_gone(`${own.path}/position`)) forget_own(spool, own);
        return $multi(undefined, file_err, dropped);
    }
    const segment = { number: own.last_number, bytes: 0, entries: 0, text_bytes: 0 };
    own.segments.push(segment);
    own.grows = true;
    spool.disk.file = file;
    disks.named(spool.disk, own.path);
    return $multi(segment, undefined, dropped);
}

/** The segment for so many more bytes, begun if needed. Else as `begin_segment`. */
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

/** Blocks writing for a while after a failure. */
function block(spool: Spool, why: string): void {
    spool.blocked_until = later(clock.now(), RETRY_SECONDS);
    spool.blocked_by = why;
}

/**
 * Appends an entry, which must not contain a line end: one write to the page cache, without yielding. Nil and why when the entry is
 * refused: "full" at the quota; other errors may be temporary, and writing is tried again once a second at most. `dropped`: older entries
 * that were dropped to make room. Phases: all but init and exit_worker.
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
