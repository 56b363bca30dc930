/** Reads one HTTP/1 response as RFC 9112 frames it. A response that breaks a rule is an error; nothing is guessed. */
import * as texts from "../core/text/text";
import * as time_slice from "../core/time/time_slice";
import type { Pieces, Reader } from "./reader";
import * as http_reader from "./reader";

export interface Response {
    readonly status: number;
    /** By lower-case name; several headers of one name are joined by ", ". */
    readonly headers: Record<string, string | undefined>;
    readonly body: string;
}

/** Takes a response while it comes, so that it is never in memory as a whole. */
export interface Receiver {
    /** Called first. Returns why the body is not wanted, or nothing. */
    readonly head: (this: void, status: number, headers: Record<string, string | undefined>) => string | undefined;
    /** Gets each piece of the body. Returns why no more is wanted, or nothing. */
    readonly piece: (this: void, piece: string) => string | undefined;
}

interface Head {
    readonly status: number;
    readonly minor: number;
    readonly headers: Record<string, string | undefined>;
}

/** A response, and whether its connection may carry another request. */
type Whole = LuaMultiReturn<[response: Response, reusable: boolean] | [response: undefined, err: string]>;

/** The end of the error where a body is longer than it may be. */
export const TOO_LARGE = "the response is too large";

/** Limits of one header section, including the status line; also those of the trailers. */
const HEADER_BYTES = 32768;
const HEADER_COUNT = 100;
/** Maximum length of the line with a chunk's size and extensions. */
const CHUNK_LINE_BYTES = 1024;
/** After so many chunks the reader lets other requests run. */
const CHUNKS_AT_A_STRETCH = 500;
/** A double holds whole numbers of so many digits exactly. */
const MOST_LENGTH_DIGITS = 15;
/** Maximum number of interim responses (status 1xx) before the final one. */
const MOST_INTERIM_RESPONSES = 8;

/** A name of token characters, without a blank before the colon. */
const HEADER = "^([%w!#$%%&'*+.^_`|~-]+):(.*)$";

/** Reads header lines up to the empty line, into `headers` if given. */
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
            // The only blanks here are spaces and tabs: the value has no control characters.
            const trimmed = texts.trim(value!);
            headers[key] = known === undefined ? trimmed : `${known}, ${trimmed}`;
        }
    }
    return $multi(undefined, "too many header lines");
}

/** The value of Content-Length. Several equal values count as one (RFC 9110, section 8.6). */
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

/** Reads chunks up to the last one. False if the body was truncated. */
function read_chunks(reader: Reader, most_bytes: number, truncate: boolean, pieces: Pieces): Result<boolean> {
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
        if (excess > 0 && !truncate) return $multi(undefined, TOO_LARGE);
        const [ok, read_err] = http_reader.bytes(reader, size - excess, pieces);
        if (ok === undefined) return $multi(undefined, read_err);
        if (excess > 0) return $multi(false);
        const [end, end_err] = http_reader.line(reader, CHUNK_LINE_BYTES);
        if (end === undefined) return $multi(undefined, end_err);
        if (end !== "") return $multi(undefined, "a malformed chunk");
        stretch += 1;
        if (stretch % CHUNKS_AT_A_STRETCH === 0) time_slice.yield_now();
    }
}

/** Reads until the connection is closed, or until there is one byte more than allowed. */
function read_to_close(reader: Reader, most_bytes: number, truncate: boolean, pieces: Pieces): Result<true> {
    let total = math.min(http_reader.unread(reader), most_bytes + 1);
    const [begun, reason] = http_reader.bytes(reader, total, pieces);
    if (begun === undefined) return $multi(undefined, reason);
    while (total <= most_bytes) {
        const [piece, err] = http_reader.receive(reader, most_bytes - total + 1);
        if (piece === undefined) {
            if (err === "closed") return $multi(true);
            return $multi(undefined, err);
        }
        const fault = http_reader.add(pieces, piece);
        if (fault !== undefined) return $multi(undefined, fault);
        total += piece.length;
    }
    if (truncate) return $multi(true);
    return $multi(undefined, TOO_LARGE);
}

/** Whether a header with a list has this word in it. */
function has_word(value: string | undefined, word: string): boolean {
    let next = value === undefined ? undefined : 1;
    while (next !== undefined) {
        let each: string;
        [each, next] = texts.item(value!, ",", next);
        if (string.lower(texts.trim(each)) === word) return true;
    }
    return false;
}

/** Reads a status line and its headers. */
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

/** Reads the head of the final response, and skips interim responses before it. */
function read_final_head(reader: Reader): Result<Head> {
    let interim = 0;
    while (interim <= MOST_INTERIM_RESPONSES) {
        interim += 1;
        const [head, err] = read_head(reader);
        if (head === undefined) return $multi(undefined, err);
        if (head.status >= 200) return $multi(head);
        if (head.status === 101) return $multi(undefined, "an upgrade nobody asked for");
    }
    return $multi(undefined, "too many interim responses");
}

/**
 * Appends the body to the parts. True if its end was marked and reached; false if it was truncated, or if it ended with the connection.
 */
function read_body(
    reader: Reader,
    method: string,
    head: Head,
    most_bytes: number,
    truncate: boolean,
    pieces: Pieces,
): Result<boolean> {
    const coding = head.headers["transfer-encoding"];
    const length = head.headers["content-length"];
    if (coding !== undefined && (length !== undefined || head.minor === 0)) {
        return $multi(undefined, "a transfer coding where none may be");
    }
    if (method === "HEAD" || head.status === 204 || head.status === 304) return $multi(true);
    if (coding !== undefined) {
        if (string.lower(coding) !== "chunked") return $multi(undefined, "an unknown transfer coding");
        return read_chunks(reader, most_bytes, truncate, pieces);
    }
    if (length !== undefined) {
        const count = content_length(length);
        if (count === undefined) return $multi(undefined, "a malformed Content-Length");
        if (count > most_bytes && !truncate) return $multi(undefined, TOO_LARGE);
        const [whole, bytes_err] = http_reader.bytes(reader, math.min(count, most_bytes), pieces);
        if (whole === undefined) return $multi(undefined, bytes_err);
        return $multi(count <= most_bytes);
    }
    const [ok, err] = read_to_close(reader, most_bytes, truncate, pieces);
    if (ok === undefined) return $multi(undefined, err);
    return $multi(false);
}

/**
 * Reads the response to a request of this method. Second result: whether the connection may carry another request. Phases: those that
 * may yield. On failure nil and why; the connection must then be closed.
 * @param most_bytes maximum length of the body
 * @param truncate whether a longer body is truncated there, or else an error
 * @param receiver gets the body; then that of the response is empty
 */
export function read(
    reader: Reader,
    method: string,
    most_bytes: number,
    truncate: boolean,
    receiver?: Receiver,
): Whole {
    const [head, err] = read_final_head(reader);
    if (head === undefined) return $multi(undefined, err);
    const unwanted = receiver?.head(head.status, head.headers);
    if (unwanted !== undefined) return $multi(undefined, unwanted);
    const pieces: Pieces = { list: [], take: receiver?.piece };
    const [marked, body_err] = read_body(reader, method, head, most_bytes, truncate, pieces);
    if (marked === undefined) return $multi(undefined, body_err);
    // Bytes after the response would be taken for the next response.
    const drained = http_reader.unread(reader) === 0;
    const reusable = marked && drained && head.minor === 1 && !has_word(head.headers.connection, "close");
    const body = string.sub(table.concat(pieces.list), 1, most_bytes);
    return $multi({ status: head.status, headers: head.headers, body }, reusable);
}
