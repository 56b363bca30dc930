/**
 * A lane of a spool: a folder that one process writes to or reads from at a time, which is the one that holds the lock of
 * its file `position`. Beside that file lie segments, `00000001.log` and so on, oldest first. The position says which
 * segment has been delivered up to where; those before it have been delivered, too.
 */
import * as ffi from "ffi";
import * as files from "../core/files/files";
import type { File } from "../core/files/files";

export interface Segment {
    readonly number: number;
    /** Of its whole lines. */
    bytes: number;
    /** Those that are not settled, and their bytes without what stands before them. */
    entries: number;
    text_bytes: number;
}

/** How far a lane has been read. */
export interface Cursor {
    /** The segment. */
    index: number;
    offset: number;
    /** What has been read of this segment since the last batch was settled. */
    entries: number;
    text_bytes: number;
}

export interface Lane {
    readonly path: string;
    /** Its position, locked. */
    readonly file: File;
    /** Those that are not settled, the oldest first. */
    readonly segments: Segment[];
    /** Up to where the first segment is settled. */
    offset: number;
    /** The highest number a segment has had. */
    last_number: number;
    /** When its oldest entry came, in seconds since 1970; of lanes that are adopted. */
    first_stamp: number;
    /** Whether the last segment is still written to. */
    grows: boolean;
    readonly cursor: Cursor;
    /** The segment that is open for reading, and its number. */
    reader: File | undefined;
    reader_number: number;
}

/** Number and offset, each with as many digits as it may need. */
const POSITION = "%010d %016d";
const POSITION_BYTES = 27;
const POSITION_AND_CHECKSUM_BYTES = POSITION_BYTES + 10;
const SEGMENT_NAME = "%08d.log";
/** No higher number is one of ours: the position has ten digits for the number after it. */
const MOST_NUMBER = 999999999;

/** Why a lane cannot be claimed, where nothing is wrong. */
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
 * The numbers in the names of a folder, sorted: of those names alone that we give, which are these numbers in this form of
 * `string.format`. On failure nil and why. Phases: any.
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

/** The lane of a folder, where nobody else has it; else nil and why. Its segments are left to others to find. Phases: any. */
export function claim(path: string): Result<Lane> {
    const [file, err] = files.open(`${path}/position`, "lock");
    if (file === undefined) return $multi(undefined, err);
    if (!files.lock(file)) {
        files.close(file);
        return $multi(undefined, OWNED);
    }
    // A pipe can be opened and locked, and holds no position.
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
        first_stamp: 0,
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

/** Closes what is open of a lane, so that another may have it. Phases: any. */
export function release(lane: Lane): void {
    close_reader(lane);
    files.close(lane.file);
}

/** What the position says; 0 and 0 where it says nothing, or is damaged. Phases: any. */
export function read_position(lane: Lane): LuaMultiReturn<[number: number, offset: number]> {
    const [count] = files.read(lane.file, position_place, POSITION_AND_CHECKSUM_BYTES, 0);
    const text = ffi.string(position_place, count ?? 0);
    const [number, offset, claimed] = string.match(text, "^(%d+) (%d+) (%x+)\n$");
    if (number === undefined || tonumber(claimed, 16) !== ngx.crc32_short(string.sub(text, 1, POSITION_BYTES))) {
        return $multi(0, 0);
    }
    return $multi(tonumber(number)!, tonumber(offset)!);
}

/** Writes the position down, in place. Says why not, or nothing. Phases: any. */
export function write_position(lane: Lane, number: number, offset: number): string | undefined {
    const text = string.format(POSITION, number, offset);
    return files.overwrite(lane.file, string.format("%s %08x\n", text, ngx.crc32_short(text)), 0);
}

/** Puts the cursor where all is settled. Phases: any. */
export function rewind(lane: Lane): void {
    const cursor = lane.cursor;
    cursor.index = 0;
    cursor.offset = lane.offset;
    cursor.entries = 0;
    cursor.text_bytes = 0;
}

/** Puts the cursor at the beginning of the next segment. Phases: any. */
export function next_segment(lane: Lane): void {
    const cursor = lane.cursor;
    cursor.index += 1;
    cursor.offset = 0;
    cursor.entries = 0;
    cursor.text_bytes = 0;
}

/** Removes a segment, settled or not: the bytes of its file, or nil and why. Phases: any. */
export function remove(lane: Lane, index: number): Result<number> {
    const segment = lane.segments[index]!;
    table.remove(lane.segments, index + 1);
    if (index === 0) lane.offset = 0;
    const err = files.remove(path_of(lane, segment));
    if (err !== undefined) return $multi(undefined, err);
    return $multi(segment.bytes);
}

/** Settles what has been read: forgets it, and removes the segments that are read as a whole. Says why not. Phases: any. */
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
