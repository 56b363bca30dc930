/**
 * Reads a few bytes here and there, in memory or in a file, for what looks at the beginning of some file format. However hostile
 * the bytes are, it reads nothing outside of them, and not for long: each source has a number of reads.
 */
import * as ffi from "ffi";
import type { File } from "./files";
import * as files from "./files";

export interface Source {
    /** How many bytes there are. */
    readonly bytes: number;
    readonly memory: Bytes | undefined;
    readonly file: File | undefined;
    /** How often it may still be read. */
    reads_left: number;
    /** Why the file could not be read, if that has happened. */
    problem: string | undefined;
}

/** Where the bytes are: in memory or in a file. The memory must stay as long as the source. */
export interface Place {
    readonly bytes: number;
    readonly memory?: Bytes | undefined;
    readonly file?: string | undefined;
}

/** What is read at a time, at most. */
const MOST_BYTES = 1024;

/** One for the worker: never in use over a yield. */
const target = ffi.new("uint8_t[?]", MOST_BYTES) as unknown as Bytes;

/**
 * A source that may be read so often. It has to be closed, and before any yield. On failure nil and why. Phases: any.
 */
export function open(place: Place, most_reads: number): Result<Source> {
    const { bytes, memory } = place;
    if (place.file === undefined) {
        return $multi({ bytes, memory, file: undefined, reads_left: most_reads, problem: undefined });
    }
    const [file, err] = files.open(place.file, "read");
    if (file === undefined) return $multi(undefined, err);
    return $multi({ bytes, memory: undefined, file, reads_left: most_reads, problem: undefined });
}

/** Closes the source. Phases: any. */
export function close(source: Source): void {
    if (source.file !== undefined) files.close(source.file);
}

/**
 * So many bytes from `offset` on, 1024 at most; fewer at the end of what there is, and nothing past it. Nothing either once the source
 * has been read too often or cannot be read. Phases: any; never raises.
 */
export function some(source: Source, offset: number, count: number): string {
    const { bytes, memory, file } = source;
    // Not "offset + count > bytes": offsets from files may be anything, but are numbers.
    if (!(offset >= 0 && offset < bytes) || source.reads_left <= 0) return "";
    source.reads_left -= 1;
    const wanted = math.min(count, MOST_BYTES, bytes - offset);
    if (memory !== undefined) return ffi.string(pointer_add(memory, offset), wanted);
    if (file === undefined) return "";
    const [got, err] = files.read(file, target, wanted, offset);
    if (got === undefined || got < wanted) {
        source.problem = err ?? "the file is shorter than it was";
        source.reads_left = 0;
        return "";
    }
    return ffi.string(target, got);
}

/** As `some`, but nothing where there are not so many bytes. */
export function all(source: Source, offset: number, count: number): string | undefined {
    const read = some(source, offset, count);
    return read.length === count ? read : undefined;
}
