/** Reads the entries of a lane, from its cursor on. */
import * as ffi from "ffi";
import type { Buffer } from "string.buffer";
import type { File } from "../core/files/files";
import * as files from "../core/files/files";
import * as time_slice from "../core/time/time_slice";
import type { Lane, Segment } from "./lane";
import * as lanes from "./lane";
import * as lines from "./line";

/** Queued entries of a spool, their bytes, and the number of lines that could not be read. */
export interface Counts {
    entries: number;
    bytes: number;
    broken: number;
}

/** A batch in the making. */
export interface Reading {
    readonly text: Buffer;
    entries: number;
    bytes: number;
    /** When the first and the last of its entries were appended. */
    first_stamp: WallTime;
    last_stamp: WallTime;
    readonly most_entries: number;
    readonly most_bytes: number;
    is_full: boolean;
}

/** Bytes of one read, and bytes that are read and checked before other requests are served: well below a millisecond. */
const PIECE_BYTES = 131072;
const STRETCH_BYTES = 262144;

const piece = ffi.new("uint8_t[?]", PIECE_BYTES) as unknown as Bytes;

/** The error where a segment was removed, or something else has its name. */
export const GONE = "";

/** The open file of a segment. On failure nil and why: GONE, or an error that may be temporary. Phases: any. */
export function file_of(lane: Lane, segment: Segment): Result<File> {
    if (lane.reader !== undefined) {
        if (lane.reader_number === segment.number) return $multi(lane.reader);
        lanes.close_reader(lane);
    }
    const path = lanes.path_of(lane, segment);
    const [file, err, is_odd] = files.open_plain(path);
    if (file === undefined) return $multi(undefined, is_odd === true || files.is_gone(path) ? GONE : err!);
    lane.reader = file;
    lane.reader_number = segment.number;
    return $multi(file);
}

/** Counts the entries of a segment that could not be read as broken, and skips the rest of it. */
function skip_rest(counts: Counts, lane: Lane, segment: Segment): void {
    const cursor = lane.cursor;
    const left = math.max(0, segment.entries - cursor.entries);
    const left_bytes = math.max(0, segment.text_bytes - cursor.text_bytes);
    segment.entries -= left;
    segment.text_bytes -= left_bytes;
    counts.entries -= left;
    counts.bytes -= left_bytes;
    counts.broken += left;
    cursor.offset = segment.bytes;
}

/** Adds the complete lines of a piece to the batch, until it is full. Returns how many bytes were used. */
function take_lines(lane: Lane, reading: Reading, memory: Bytes, count: number): number {
    const cursor = lane.cursor;
    let at = 0;
    while (reading.entries < reading.most_entries) {
        const line = pointer_add(memory, at);
        const length = lines.length(line, count - at);
        if (length === undefined) return at;
        if (lines.is_valid(line, length)) {
            const bytes = length - lines.HEAD_BYTES + 1;
            if (reading.entries > 0 && reading.bytes + bytes > reading.most_bytes) {
                reading.is_full = true;
                return at;
            }
            reading.text.putcdata(pointer_add(line, lines.HEAD_BYTES), bytes);
            reading.last_stamp = lines.stamp(line);
            if (reading.entries === 0) reading.first_stamp = reading.last_stamp;
            reading.entries += 1;
            reading.bytes += bytes;
            cursor.entries += 1;
            cursor.text_bytes += bytes;
        }
        at += length + 1;
    }
    reading.is_full = true;
    return at;
}

/** Reads the next piece of a segment. Returns how many bytes were used; nil and why when nothing more can be read. */
function read_piece(lane: Lane, segment: Segment, reading: Reading): Result<number> {
    const [file, err] = file_of(lane, segment);
    if (file === undefined) return $multi(undefined, err);
    const left = segment.bytes - lane.cursor.offset;
    let memory = piece;
    let most = math.min(PIECE_BYTES, left);
    let [count] = files.read(file, memory, most, lane.cursor.offset);
    let used = take_lines(lane, reading, memory, count ?? 0);
    // Not one complete line: the next one is longer, or damaged.
    while (used === 0 && !reading.is_full && count === most && most < left) {
        most = math.min(2 * most, left);
        memory = ffi.new("uint8_t[?]", most) as unknown as Bytes;
        [count] = files.read(file, memory, most, lane.cursor.offset);
        used = take_lines(lane, reading, memory, count ?? 0);
    }
    lane.cursor.offset += used;
    if (used === 0 && !reading.is_full) return $multi(undefined, GONE);
    return $multi(used);
}

/**
 * Adds the next entries of a lane to the batch. May yield. Lines with a wrong checksum, and what cannot be read at all, are skipped and
 * counted as broken. Returns an error that may be temporary, if any. Phases: timer.
 */
export function read(lane: Lane, counts: Counts, reading: Reading): string | undefined {
    let stretch = 0;
    while (!reading.is_full) {
        const segment = lane.segments[lane.cursor.index] as Segment | undefined;
        if (segment === undefined) return undefined;
        if (lane.cursor.offset < segment.bytes) {
            const [bytes, err] = read_piece(lane, segment, reading);
            if (bytes !== undefined) stretch += bytes;
            else if (err !== GONE) return err;
            else skip_rest(counts, lane, segment);
        } else {
            skip_rest(counts, lane, segment);
            if (lane.grows && segment.number === lane.last_number) return undefined;
            lanes.next_segment(lane);
        }
        if (stretch >= STRETCH_BYTES) {
            time_slice.yield_now();
            stretch = 0;
        }
    }
    return undefined;
}

/** Counts the lines of a piece. Returns the number of bytes up to the last line end. */
function count_lines(segment: Segment, found: number): number {
    let done = 0;
    let length = lines.length(piece, found);
    while (length !== undefined) {
        segment.entries += 1;
        done += length + 1;
        length = lines.length(pointer_add(piece, done), found - done);
    }
    return done;
}

/**
 * Counts the lines of a segment from an offset on, and its bytes up to the last line end; what follows is a line that a killed process
 * has written in part. May yield. Returns the error, if any. Phases: timer.
 */
export function count(lane: Lane, segment: Segment, offset: number): string | undefined {
    const [file, err] = file_of(lane, segment);
    if (file === undefined) return err;
    segment.bytes = offset;
    let at = offset;
    let stretch = 0;
    let [found, problem] = files.read(file, piece, PIECE_BYTES, at);
    while (found !== undefined && found > 0) {
        const done = count_lines(segment, found);
        if (done > 0) segment.bytes = at + done;
        at += found;
        stretch += found;
        if (stretch >= STRETCH_BYTES) {
            time_slice.yield_now();
            stretch = 0;
        }
        [found, problem] = files.read(file, piece, PIECE_BYTES, at);
    }
    if (found === undefined) return problem;
    segment.text_bytes = math.max(0, segment.bytes - offset - segment.entries * lines.HEAD_BYTES);
    return undefined;
}

/** When the first entry of a lane was appended; 0 where that cannot be read. Phases: any. */
export function first_stamp(lane: Lane): WallTime {
    const [file] = file_of(lane, lane.segments[0]!);
    if (file === undefined) return 0 as WallTime;
    const [bytes] = files.read(file, piece, lines.HEAD_BYTES, lane.offset);
    return bytes === lines.HEAD_BYTES ? lines.stamp(piece) : (0 as WallTime);
}
