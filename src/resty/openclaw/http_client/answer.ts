/** Reads one HTTP/1 answer as RFC 9112 frames it. What breaks a rule is an error; nothing is guessed. */
import * as texts from "../core/text/text";
import * as time_slice from "../core/time/time_slice";
import type { Reader } from "./reader";
import * as http_reader from "./reader";

export interface Answer {
    readonly status: number;
    /** By lower-case name; several of one name are joined by ", ". */
    readonly headers: Record<string, string | undefined>;
    readonly body: string;
}

interface Head {
    readonly status: number;
    readonly minor: number;
    readonly headers: Record<string, string | undefined>;
}

/** An answer, and whether its connection may carry another request. */
type Whole = LuaMultiReturn<[answer: Answer, reusable: boolean] | [answer: undefined, err: string]>;

/** Limits of one header section, the status line or the trailers included. */
const HEADER_BYTES = 32768;
const HEADER_COUNT = 100;
/** A chunk's size with its extensions. */
const CHUNK_LINE_BYTES = 1024;
/** So many chunks are read at a stretch before other requests have their turn. */
const CHUNKS_AT_A_STRETCH = 500;
/** What a double holds exactly. */
const MOST_LENGTH_DIGITS = 15;
/** Answers of status 1xx before the real one. */
const INTERIM_ANSWERS = 8;

/** A name of token characters, no blank before the colon. */
const HEADER = "^([%w!#$%%&'*+.^_`|~-]+):(.*)$";

/** Reads header lines up to the empty one, into `headers` where given. */
function read_headers(
    reader: Reader,
    budget: number,
    headers: Record<string, string | undefined> | undefined,
): Result<true> {
    let left = budget;
    let lines = 0;
    while (lines <= HEADER_COUNT) {
        lines += 1;
        const [line, err] = http_reader.line(reader, left);
        if (line === undefined) return $multi(undefined, err);
        if (line === "") return $multi(true);
        left -= line.length + 2;
        const [name, value] = string.match(line, HEADER);
        if (name === undefined) return $multi(undefined, "a malformed header line");
        const [odd] = string.find(value!, "[^%C\t]");
        if (odd !== undefined) return $multi(undefined, "a control character in a header");
        if (headers !== undefined) {
            const key = string.lower(name);
            const known = headers[key];
            // Of blanks, only spaces and tabs have come this far.
            const trimmed = texts.trim(value!);
            headers[key] = known === undefined ? trimmed : `${known}, ${trimmed}`;
        }
    }
    return $multi(undefined, "too many header lines");
}

/** The length that Content-Length says; several equal ones are one (RFC 9110, section 8.6). */
function content_length(value: string): number | undefined {
    const [first] = string.match(value, "^%d+");
    if (first === undefined || first.length > MOST_LENGTH_DIGITS) return undefined;
    let next: number | undefined = 1;
    while (next !== undefined) {
        let each: string;
        [each, next] = texts.item(value, ",", next);
        if (texts.trim(each) !== first) return undefined;
    }
    return tonumber(first);
}

/** Reads chunks up to the last one; false when the body was cut before. */
function read_chunks(reader: Reader, most_bytes: number, truncate: boolean, parts: string[]): Result<boolean> {
    let total = 0;
    let stretch = 0;
    while (true) {
        const [line, err] = http_reader.line(reader, CHUNK_LINE_BYTES);
        if (line === undefined) return $multi(undefined, err);
        const [digits, rest] = string.match(line, "^(%x+)[ \t]*(.*)$");
        const extended = rest !== "" && string.byte(rest ?? "") !== string.byte(";");
        if (digits === undefined || digits.length > 12 || extended) return $multi(undefined, "a malformed chunk");
        const size = tonumber(digits, 16)!;
        if (size === 0) return read_headers(reader, HEADER_BYTES, undefined);
        total += size;
        const excess = math.max(0, total - most_bytes);
        if (excess > 0 && !truncate) return $multi(undefined, "the answer is too large");
        const [ok, read_err] = http_reader.bytes(reader, size - excess, parts);
        if (ok === undefined) return $multi(undefined, read_err);
        if (excess > 0) return $multi(false);
        const [end, end_err] = http_reader.line(reader, CHUNK_LINE_BYTES);
        if (end === undefined) return $multi(undefined, end_err);
        if (end !== "") return $multi(undefined, "a malformed chunk");
        stretch += 1;
        if (stretch % CHUNKS_AT_A_STRETCH === 0) time_slice.yield_now();
    }
}

/** Reads until the connection ends, or one byte more than there may be. */
function read_to_close(reader: Reader, most_bytes: number, truncate: boolean, parts: string[]): Result<true> {
    let total = math.min(http_reader.unread(reader), most_bytes + 1);
    http_reader.bytes(reader, total, parts);
    while (total <= most_bytes) {
        const [piece, err] = http_reader.receive(reader, most_bytes - total + 1);
        if (piece === undefined) {
            if (err === "closed") return $multi(true);
            return $multi(undefined, err);
        }
        parts.push(piece);
        total += piece.length;
    }
    if (truncate) return $multi(true);
    return $multi(undefined, "the answer is too large");
}

/** Whether a list-valued header names this word. */
function has_word(value: string | undefined, word: string): boolean {
    let next = value === undefined ? undefined : 1;
    while (next !== undefined) {
        let each: string;
        [each, next] = texts.item(value!, ",", next);
        if (string.lower(texts.trim(each)) === word) return true;
    }
    return false;
}

/** The next status line with its headers. */
function read_head(reader: Reader): Result<Head> {
    const [line, err] = http_reader.line(reader, HEADER_BYTES);
    if (line === undefined) return $multi(undefined, err);
    const [minor, digits, rest] = string.match(line, "^HTTP/1%.([01]) ([1-9]%d%d)(.*)$");
    if (digits === undefined || (rest !== "" && string.byte(rest!) !== 32)) {
        return $multi(undefined, "a malformed status line");
    }
    const headers: Record<string, string | undefined> = {};
    const [ok, header_err] = read_headers(reader, HEADER_BYTES - line.length, headers);
    if (ok === undefined) return $multi(undefined, header_err);
    return $multi({ status: tonumber(digits)!, minor: tonumber(minor)!, headers });
}

/** The head of the answer proper; what comes before it with a status of 1xx is passed over. */
function read_final_head(reader: Reader): Result<Head> {
    let interim = 0;
    while (interim <= INTERIM_ANSWERS) {
        interim += 1;
        const [head, err] = read_head(reader);
        if (head === undefined) return $multi(undefined, err);
        if (head.status >= 200) return $multi(head);
        if (head.status === 101) return $multi(undefined, "an upgrade nobody asked for");
    }
    return $multi(undefined, "too many interim answers");
}

/** Appends the body to the parts; says whether its end was marked and reached, rather than found by the connection's end. */
function read_body(
    reader: Reader,
    method: string,
    head: Head,
    most_bytes: number,
    truncate: boolean,
    parts: string[],
): Result<boolean> {
    const coding = head.headers["transfer-encoding"];
    const length = head.headers["content-length"];
    if (coding !== undefined && (length !== undefined || head.minor === 0)) {
        return $multi(undefined, "a transfer coding where none may be");
    }
    if (method === "HEAD" || head.status === 204 || head.status === 304) return $multi(true);
    if (coding !== undefined) {
        if (string.lower(coding) !== "chunked") return $multi(undefined, "an unknown transfer coding");
        return read_chunks(reader, most_bytes, truncate, parts);
    }
    if (length !== undefined) {
        const count = content_length(length);
        if (count === undefined) return $multi(undefined, "a malformed Content-Length");
        if (count > most_bytes && !truncate) return $multi(undefined, "the answer is too large");
        const [whole, bytes_err] = http_reader.bytes(reader, math.min(count, most_bytes), parts);
        if (whole === undefined) return $multi(undefined, bytes_err);
        return $multi(count <= most_bytes);
    }
    const [ok, err] = read_to_close(reader, most_bytes, truncate, parts);
    if (ok === undefined) return $multi(undefined, err);
    return $multi(false);
}

/**
 * The answer to a request of this method, and whether the connection may carry another one. Phases: those that may
 * yield. On failure nil and why; the connection is then good for nothing.
 * @param most_bytes how long the body may be
 * @param truncate whether a longer one is cut there rather than refused
 */
export function read(reader: Reader, method: string, most_bytes: number, truncate: boolean): Whole {
    const [head, err] = read_final_head(reader);
    if (head === undefined) return $multi(undefined, err);
    const parts: string[] = [];
    const [marked, body_err] = read_body(reader, method, head, most_bytes, truncate, parts);
    if (marked === undefined) return $multi(undefined, body_err);
    // Bytes nobody asked for would be taken for the next answer.
    const drained = http_reader.unread(reader) === 0;
    const reusable = marked && drained && head.minor === 1 && !has_word(head.headers.connection, "close");
    const body = string.sub(table.concat(parts), 1, most_bytes);
    return $multi({ status: head.status, headers: head.headers, body }, reusable);
}
