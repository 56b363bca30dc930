/**
 * The format of files with jobs and responses: one line of JSON (the head), then the body, whose length the head gives as
 * `body_bytes`. A file with a longer or shorter body is torn.
 *
 * The head also says how long the machine had been up when it was written (`boot`, `uptime`), so that a change of the clock
 * makes nothing older. A machine without a clock of its own starts with a wrong time, and learns the right one over the very
 * link that its jobs wait for: at that moment all of them would seem too old.
 */
import * as cjson from "cjson.safe";
import * as ffi from "ffi";
import type { File } from "../../core/files/files";
import * as files from "../../core/files/files";
import * as request from "../../core/request/request";
import * as clock from "../../core/time/clock";
import type { Source } from "../../http_client";

/** The line of JSON; it is not checked, so every use has to check what it takes. */
export type Head = Record<string, unknown>;

export interface StoredRecord {
    readonly head: Head;
    /** The offset of the body in the file. */
    readonly body_at: number;
    readonly body_bytes: number;
    /** Length of the whole file. */
    readonly bytes: number;
}

/** The body of an open file, for the HTTP client, which reads it piece by piece. */
interface FileSource extends Source {
    readonly file: File;
    readonly body_at: number;
}

/** Maximum length of the line, its end included: twice the headers that nginx accepts. */
const MOST_HEAD_BYTES = 65536;

const USUAL_HEAD_BYTES = 4096;

/** One for the worker: it is never in use while a thread yields. */
const buffer = ffi.new("uint8_t[?]", MOST_HEAD_BYTES) as unknown as Bytes;

/** An instance of its own, which the settings of other modules do not change. It keeps all bytes, UTF-8 or not. */
const json = cjson.new();
json.decode_max_depth(4);

/** The line for a head as it is. Nil and why when it is too long. Phases: any. */
export function line(head: Head): Result<string> {
    const [text, err] = json.encode(head);
    if (text === undefined) return $multi(undefined, `cannot encode: ${err}`);
    if (text.length >= MOST_HEAD_BYTES) return $multi(undefined, "the head is too long");
    return $multi(`${text}\n`);
}

/** The line for a head, to which it adds when it is written. Nil and why when it is too long. Phases: any. */
export function stamped_line(head: Head): Result<string> {
    head.boot = clock.BOOT;
    head.uptime = clock.now();
    return line(head);
}

/**
 * Age of a record in seconds: by the machine's uptime if it was written since the machine started, else by the time of day.
 * `written`: when it was written, as the clock was set then. Phases: any.
 */
export function age(head: Head, written: WallTime): number {
    if (clock.BOOT === "" || head.boot !== clock.BOOT || typeof head.uptime !== "number")
        return request.now() - written;
    return clock.now() - (head.uptime as MonotonicTime);
}

/** The stored headers of a request or a response, whose values are to be checked; empty when there are none. Phases: any. */
export function headers_of(head: Head): Record<string, unknown> {
    return type(head.headers) === "table" ? (head.headers as Record<string, unknown>) : {};
}

/** Some bytes of a file, up to 64 KiB. On failure nil and why. Phases: any. */
export function piece(file: File, from: number, most: number): Result<string> {
    const [count, err] = files.read(file, buffer, math.min(most, MOST_HEAD_BYTES), from);
    if (count === undefined) return $multi(undefined, err);
    return $multi(ffi.string(buffer, count));
}

/** The beginning of a file, which contains the first line if that ends. On failure nil and why. */
function beginning(file: File): Result<string> {
    const [text, err] = piece(file, 0, USUAL_HEAD_BYTES);
    if (text === undefined) return $multi(undefined, err);
    const [end] = string.find(text, "\n", 1, true);
    if (end !== undefined || text.length < USUAL_HEAD_BYTES) return $multi(text);
    return piece(file, 0, MOST_HEAD_BYTES);
}

/** Reads the head of an open file. On failure nil and why, and whether the file is torn. Phases: any. */
export function read(
    file: File,
): LuaMultiReturn<[found: StoredRecord, err?: undefined] | [found: undefined, err: string, torn?: true]> {
    const [bytes, size_err] = files.size(file);
    if (bytes === undefined) return $multi(undefined, size_err);
    const [text, read_err] = beginning(file);
    if (text === undefined) return $multi(undefined, read_err);
    const [end] = string.find(text, "\n", 1, true);
    if (end === undefined) return $multi(undefined, "the first line does not end", true);
    const [head, decode_err] = json.decode(string.sub(text, 1, end - 1));
    if (type(head) !== "table") return $multi(undefined, `the first line is not JSON: ${decode_err}`, true);
    const body_bytes = (head as Head).body_bytes;
    if (body_bytes !== bytes - end) return $multi(undefined, "its length is not the one in its first line", true);
    return $multi({ head: head as Head, body_at: end, body_bytes, bytes });
}

function source_piece(this: FileSource, from: number, most: number): Result<string> {
    return piece(this.file, this.body_at + from, most);
}

const source_metatable = { __index: { piece: source_piece } };

/** The body of a record, whose file must stay open while it is sent. Phases: any. */
export function source(file: File, found: StoredRecord): Source {
    const fields = { file, body_at: found.body_at, bytes: found.body_bytes };
    return setmetatable(fields, source_metatable);
}
