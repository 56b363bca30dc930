/**
 * A file of one record: one line of JSON that says how many bytes follow it (`body_bytes`), then these bytes. A file that
 * has more or fewer of them is torn.
 */
import * as cjson from "cjson.safe";
import * as ffi from "ffi";
import * as files from "../../core/files/files";
import type { File } from "../../core/files/files";

/** What the line says; all of it is to be checked before it is used. */
export type Head = Record<string, unknown>;

export interface StoredRecord {
    readonly head: Head;
    /** Where the body begins. */
    readonly body_at: number;
    readonly body_bytes: number;
    /** Of the whole file. */
    readonly bytes: number;
}

/** How long the line may be, its end included: the headers that nginx takes fit twice. */
export const MOST_HEAD_BYTES = 65536;

const USUAL_HEAD_BYTES = 4096;

/** One for the worker: never in use over a yield. */
const buffer = ffi.new("uint8_t[?]", MOST_HEAD_BYTES) as unknown as Bytes;

/** Of our own, so that nobody else's settings reach it. It keeps bytes as they are, UTF-8 or not. */
const json = cjson.new();
json.decode_max_depth(4);

/** The line for a head. Nil and why when it is too long. Phases: any. */
export function line(head: Head): Result<string> {
    const [text, err] = json.encode(head);
    if (text === undefined) return $multi(undefined, `cannot encode: ${err}`);
    if (text.length >= MOST_HEAD_BYTES) return $multi(undefined, "the head is too long");
    return $multi(`${text}\n`);
}

/** Some bytes of a file, up to 64 KiB. On failure nil and why. Phases: any. */
export function piece(file: File, from: number, most: number): Result<string> {
    const [count, err] = files.read(file, buffer, math.min(most, MOST_HEAD_BYTES), from);
    if (count === undefined) return $multi(undefined, err);
    return $multi(ffi.string(buffer, count));
}

/** The beginning of a file, with its first line where that has an end. On failure nil and why. */
function beginning(file: File): Result<string> {
    const [text, err] = piece(file, 0, USUAL_HEAD_BYTES);
    if (text === undefined) return $multi(undefined, err);
    const [end] = string.find(text, "\n", 1, true);
    if (end !== undefined || text.length < USUAL_HEAD_BYTES) return $multi(text);
    return piece(file, 0, MOST_HEAD_BYTES);
}

/** What an open file holds. On failure nil and why, and whether it is because the file holds no whole record. Phases: any. */
export function read(
    file: File,
): LuaMultiReturn<[found: StoredRecord, err?: undefined] | [found: undefined, err: string, torn?: true]> {
    const [bytes, size_err] = files.size(file);
    if (bytes === undefined) return $multi(undefined, size_err);
    const [text, read_err] = beginning(file);
    if (text === undefined) return $multi(undefined, read_err);
    const [end] = string.find(text, "\n", 1, true);
    if (end === undefined) return $multi(undefined, "its first line has no end", true);
    const [head, decode_err] = json.decode(string.sub(text, 1, end - 1));
    if (type(head) !== "table") return $multi(undefined, `its first line is no JSON: ${decode_err}`, true);
    const body_bytes = (head as Head).body_bytes;
    if (body_bytes !== bytes - end) return $multi(undefined, "its length is not what it says", true);
    return $multi({ head: head as Head, body_at: end, body_bytes, bytes });
}
