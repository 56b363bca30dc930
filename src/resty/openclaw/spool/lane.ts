/**
 * A lane of a spool: a folder whose owner is the process that holds the lock of its file `position`. The folder also has segments,
 * `00000001.log` and so on, the oldest first. The position says up to which byte of which segment entries are delivered; the segments
 * before it are delivered as well.
 */
import * as ffi from "ffi";
import type { File } from "../core/files/files";
import * as files from "../core/files/files";

export interface Segment {
    readonly number: number;
    /** The size of its complete lines. */
    bytes: number;
    /** Entries that are not delivered, and their bytes without checksums and times. */
    entries: number;
    text_bytes: number;
}

/** Up to where a lane was read. */
export interface Cursor {
    /** The index of the segment. */
    index: number;
    offset: number;
    /** Entries read from this segment since the last batch was settled, and their bytes. */
    entries: number;
    text_bytes: number;
}

export interface Lane {
    readonly path: string;
    /** The file `position`, locked. */
    readonly file: File;
    /** Segments that are not delivered, the oldest first. */
    readonly segments: Segment[];
    /** Up to where the first segment is delivered. */
    offset: number;
    /** The highest number a segment has had. */
    last_number: number;
    /** When its oldest entry was appended; only of adopted lanes. */
    first_stamp: WallTime;
    /** Whether the last segment is still written to. */
    grows: boolean;
    readonly cursor: Cursor;
    /** The segment that is open for reading, and its number. */
    reader: File | undefined;
    reader_number: number;
}

/** The form of a position: number and offset, each with as many digits as it may need. */
const POSITION = "%010d %016d";
const POSITION_BYTES = 27;
const POSITION_AND_CHECKSUM_BYTES = POSITION_BYTES + 10;
const SEGMENT_NAME = "%08d.log";
/** The highest number of a segment or lane: the position has ten digits, for one more. */
const MOST_NUMBER = 999999999;

/** The error of `acquire` where a lane has an owner, which is no fault. */
export const OWNED = "it has an owner";

const position_place = ffi.new("char[?]", POSITION_AND_CHECKSUM_BYTES);

/** The file of the segment of that number in a folder. Phases: any. */
export function segment_path(path: string, number: number): string {
    return `${path}/${string.format(SEGMENT_NAME, number)}`;
}

/** The file of a segment. Phases: any. */
export function path_of(lane: Lane, segment: Segment): string {
    return segment_path(lane.path, segment.number);
}

/**
 * The numbers of the files in a folder whose names have this form (of `string.format`), sorted. Other names are not ours. On failure nil
 * and why. Phases: any.
 */
export function numbers_in(path: string, form: string): Result<number[]> {
    const [names, err] = files.names(path);
    if (names === undefined) return $multi(undefined, err);
    const found: number[] = [];
    for (const name of names) {
        const [digits] = string.match(name, "^%d+");
        const number = tonumber(digits) ?? 0;
        if (number > 0 && number <= MOST_NUMBER && string.format(form, number) === name) found.push(number);
    }
    table.sort(found);
    return $multi(found);
}

/** The numbers of the segments in a folder, sorted. On failure nil and why. Phases: any. */
export function numbers(path: string): Result<number[]> {
    return numbers_in(path, SEGMENT_NAME);
}

/** Acquires the lane of a folder if it has no owner; else nil and why. Does not read its segments. Phases: any. */
export function acquire(path: string): Result<Lane> {
    const [file, err] = files.open(`${path}/position`, "lock");
    if (file === undefined) return $multi(undefined, err);
    if (!files.lock(file)) {
        files.close(file);
        return $multi(undefined, OWNED);
    }
    // A pipe can be opened and locked, but cannot hold a position.
    if (!files.is_plain(file)) {
        files.close(file);
        return $multi(undefined, `its "position" is no plain file`);
    }
    return $multi({
        path,
        file,
        segments: [],
        offset: 0,
        last_number: 0,
        first_stamp: 0 as WallTime,
        grows: false,
        cursor: { index: 0, offset: 0, entries: 0, text_bytes: 0 },
        reader: undefined,
        reader_number: 0,
    });
}

/** Closes the segment that is open for reading. Phases: any. */
export function close_reader(lane: Lane): void {
    if (lane.reader !== undefined) files.close(lane.reader);
    lane.reader = undefined;
}

/** Closes the files of a lane, so that another process may acquire it. Phases: any. */
export function release(lane: Lane): void {
    close_reader(lane);
    files.close(lane.file);
}

/** Reads the position; 0 and 0 where it is empty or damaged. Phases: any. */
export function read_position(lane: Lane): LuaMultiReturn<[number: number, offset: number]> {
    const [count] = files.read(lane.file, position_place, POSITION_AND_CHECKSUM_BYTES, 0);
    const text = ffi.string(position_place, count ?? 0);
    const [number, offset, checksum] = string.match(text, "^(%d+) (%d+) (%x+)\n$");
    if (number === undefined || tonumber(checksum, 16) !== ngx.crc32_short(string.sub(text, 1, POSITION_BYTES))) {
        return $multi(0, 0);
    }
    return $multi(tonumber(number)!, tonumber(offset)!);
}

/** Writes the position, in place. Returns the error, if any. Phases: any. */
export function write_position(lane: Lane, number: number, offset: number): string | undefined {
    const text = string.format(POSITION, number, offset);
    return files.overwrite(lane.file, string.format("%s %08x\n", text, ngx.crc32_short(text)), 0);
}

/** Moves the cursor back to the position. Phases: any. */
export function rewind(lane: Lane): void {
    const cursor = lane.cursor;
    cursor.index = 0;
    cursor.offset = lane.offset;
    cursor.entries = 0;
    cursor.text_bytes = 0;
}

/** Moves the cursor to the beginning of the next segment. Phases: any. */
export function next_segment(lane: Lane): void {
    const cursor = lane.cursor;
    cursor.index += 1;
    cursor.offset = 0;
    cursor.entries = 0;
    cursor.text_bytes = 0;
}

/** Removes a segment, delivered or not: the size of its file, or nil and why. Phases: any. */
export function remove(lane: Lane, index: number): Result<number> {
    const segment = lane.segments[index]!;
    table.remove(lane.segments, index + 1);
    if (index === 0) lane.offset = 0;
    const err = files.remove(path_of(lane, segment));
    if (err !== undefined) return $multi(undefined, err);
    return $multi(segment.bytes);
}

/** Settles what was read: writes the position, and removes the segments that were read completely. Returns the error, if any. Phases: any. */
export function settle(lane: Lane): string | undefined {
    const { index, offset, entries, text_bytes } = lane.cursor;
    const segment = lane.segments[index] as Segment | undefined;
    const number = segment?.number ?? lane.last_number + 1;
    let err = write_position(lane, number, offset);
    for (const _ of $range(1, index)) {
        const [, problem] = remove(lane, 0);
        err = err ?? problem;
    }
    if (segment !== undefined) {
        segment.entries -= entries;
        segment.text_bytes -= text_bytes;
    }
    lane.offset = offset;
    rewind(lane);
    return err;
}
