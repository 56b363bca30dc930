/**
 * Reads a stream of events, as server-sent events (WHATWG HTML, section 9.2.6) or as lines of JSON: each event as it
 * comes until one has content, which is the first token; then those of 4 KB at a time, since a loop over one or two is
 * one that LuaJIT does not compile.
 */
import * as ffi from "ffi";
import * as string_buffer from "string.buffer";
import type { Buffer } from "string.buffer";
import * as request from "../core/request/request";
import { ROOT } from "./dialects";
import * as readings from "./fields";
import type { Fields, Reading } from "./fields";
import * as likenesses from "./likeness";
import type { Likeness } from "./likeness";
import * as scanners from "./scanner";
import type { Scanner } from "./scanner";

export interface Stream {
    readonly is_stream: true;
    /** Whether each line is an event, else they are server-sent events. */
    readonly is_lines: boolean;
    readonly reading: Reading;
    readonly scanner: Scanner;
    readonly likeness: Likeness;
    /** What was not read yet. */
    readonly kept: Buffer;
    kept_bytes: number;
    /** What the line at hand is. */
    line: number;
    /** How many bytes of "data:" the line at hand has begun with. */
    matched: number;
    /** Whether the event at hand has data. */
    has_data: boolean;
    /** Events with content. */
    contents: number;
    /** Seconds from the first byte of the request to the first event with content. */
    first_token_seconds?: number;
    first_time: number;
    last_time: number;
    /** As of a document. */
    problem?: string;
    feed(memory: Bytes, bytes: number): void;
    finish(is_whole: boolean): Fields | undefined;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const READ_BYTES = 4 * 1024;

/** What a line is: nothing of it has come; its name may become "data:"; data; any other; the one that ends an event. */
const BEGIN = 0;
const NAME = 1;
const DATA = 2;
const OTHER = 3;
const BLANK = 4;

/** "data:" */
const DATA_NAME = ffi.new("uint8_t[5]", [100, 97, 116, 97, 58]) as unknown as Bytes;
const NAME_BYTES = 5;

function note_content(stream: Stream): void {
    stream.contents += 1;
    if (stream.first_token_seconds === undefined) {
        stream.first_token_seconds = request.seconds_taken();
        stream.first_time = stream.last_time;
    }
}

/** The event at hand ends; `is_cut`: with the stream, in the middle. */
function end_event(stream: Stream, is_cut: boolean): void {
    if (!stream.has_data) return;
    const scanner = stream.scanner;
    const is_whole = scanners.is_whole(scanner);
    // One that the end has cut off is no fault of the node's.
    if (!is_whole && !is_cut) stream.problem = "an event is no JSON, or ends too early";
    if (is_whole && scanner.contents > 0) note_content(stream);
    scanners.reset(scanner);
    stream.has_data = false;
}

/** Looks at the name of the line at hand, as far as it has come. Returns where to go on. */
function match_name(stream: Stream, memory: Bytes, at: number): number {
    const byte = memory.get(at);
    if (stream.matched === 0 && byte === CARRIAGE_RETURN) {
        stream.line = BLANK;
    } else if (byte === DATA_NAME.get(stream.matched)) {
        stream.matched += 1;
        if (stream.matched === NAME_BYTES) {
            stream.line = DATA;
            stream.has_data = true;
        }
    } else {
        stream.line = OTHER;
    }
    return at + 1;
}

/** A line begins, with the byte at `at`. */
function begin_line(stream: Stream, byte: number): void {
    stream.matched = 0;
    if (stream.is_lines) {
        stream.line = DATA;
        // A blank line is no event.
        if (byte !== LINE_FEED && byte !== CARRIAGE_RETURN) stream.has_data = true;
    } else {
        stream.line = byte === LINE_FEED ? BLANK : NAME;
    }
}

function line_feed_after(memory: Bytes, at: number, limit: number): number {
    const found = ffi.C.memchr!(pointer_add(memory, at), LINE_FEED, limit - at) as CValue | undefined;
    if (found === undefined) return -1;
    const place = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    return place;
}

/** Keeps the line at hand to compare others with it, when it has one piece of content. */
function keep_likeness(stream: Stream, memory: Bytes, line_at: number, line_end: number, limit: number): void {
    const scanner = stream.scanner;
    if (scanner.contents !== 1 || scanner.content_at < line_at || !scanners.is_whole(scanner)) return;
    likenesses.keep(
        stream.likeness,
        memory,
        line_at,
        scanner.content_at,
        scanner.content_end,
        line_end + 1,
        limit,
        stream.is_lines,
    );
}

/** Goes on in the line at hand, up to its end or to that of what has come. `line_at`: where it begins; below 0: before. */
function go_on_line(stream: Stream, memory: Bytes, at: number, limit: number, line_at: number): number {
    const line_end = line_feed_after(memory, at, limit);
    const end = line_end < 0 ? limit : line_end;
    const line = stream.line;
    if (line === DATA) scanners.feed(stream.scanner, memory, at, end);
    if (line_end < 0) return limit;
    if (line === DATA && line_at >= 0) keep_likeness(stream, memory, line_at, line_end, limit);
    if (line === BLANK || stream.is_lines) end_event(stream, false);
    stream.line = BEGIN;
    return line_end + 1;
}

/** Reads what has come, up to before `limit`. */
function read(stream: Stream, memory: Bytes, limit: number): void {
    let at = 0;
    let line_at = -1;
    while (at < limit) {
        const line = stream.line;
        if (line === BEGIN) {
            const next = stream.has_data ? 0 : likenesses.end_of(stream.likeness, memory, at, limit);
            if (next > 0) {
                note_content(stream);
                at = next;
            } else {
                line_at = at;
                begin_line(stream, memory.get(at));
            }
        } else if (line === NAME) {
            if (memory.get(at) === LINE_FEED) stream.line = OTHER;
            else at = match_name(stream, memory, at);
        } else {
            at = go_on_line(stream, memory, at, limit, line_at);
        }
    }
}

function feed(this: Stream, memory: Bytes, bytes: number): void {
    this.last_time = request.now();
    if (this.kept_bytes === 0 && (this.first_token_seconds === undefined || bytes >= READ_BYTES)) {
        read(this, memory, bytes);
        return;
    }
    this.kept.putcdata(memory, bytes);
    this.kept_bytes += bytes;
    if (this.kept_bytes >= READ_BYTES) {
        const [reference] = this.kept.ref();
        read(this, ffi.cast("const uint8_t *", reference), this.kept_bytes);
        this.kept.reset();
        this.kept_bytes = 0;
    }
}

function finish(this: Stream, is_whole: boolean): Fields | undefined {
    if (this.kept_bytes > 0) {
        const [reference] = this.kept.ref();
        read(this, ffi.cast("const uint8_t *", reference), this.kept_bytes);
    }
    this.kept.free();
    end_event(this, true);
    return readings.figures_of(this.reading, this.contents, is_whole, true);
}

const metatable = { __index: { feed, finish } };

/** A reader for one answer. `is_lines`: each line of it is an event. Phases: any. */
function create(is_lines: boolean): Stream {
    const reading = readings.new();
    const made = {
        is_stream: true as const,
        is_lines,
        reading,
        scanner: scanners.new(ROOT, reading),
        likeness: likenesses.new(),
        kept: string_buffer.new(),
        kept_bytes: 0,
        line: BEGIN,
        matched: 0,
        has_data: false,
        contents: 0,
        first_time: 0,
        last_time: 0,
    };
    return setmetatable(made, metatable);
}
export { create as new };
