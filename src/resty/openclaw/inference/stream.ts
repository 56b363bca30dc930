/**
 * Parses a stream of server-sent events (WHATWG HTML, section 9.2.6) or of JSON lines: each event as it comes until the first one with
 * content, which is the first token; then 4 KB at a time, since LuaJIT does not compile a loop over one or two events.
 */
import * as ffi from "ffi";
import type { Buffer } from "string.buffer";
import * as string_buffer from "string.buffer";
import * as request from "../core/request/request";
import type { Scanner } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";
import { ROOT } from "./dialects";
import type { EventTemplate } from "./event_template";
import * as event_templates from "./event_template";
import type { Fields, Reading } from "./fields";
import * as readings from "./fields";

export interface Stream {
    readonly is_stream: true;
    /** Whether each line is an event (JSON lines), or else they are server-sent events. */
    readonly is_lines: boolean;
    readonly reading: Reading;
    readonly scanner: Scanner;
    readonly template: EventTemplate;
    /** Bytes that are not parsed yet. */
    readonly kept: Buffer;
    kept_bytes: number;
    /** The kind of the current line, see BEGIN. */
    line: number;
    /** How many bytes of "data:" the current line has begun with. */
    matched: number;
    /** Whether the current event has data. */
    has_data: boolean;
    /** Number of events with content. */
    contents: number;
    /** Seconds from the first byte of the request to the first event with content. */
    first_token_seconds?: number;
    /** When that event came, and when the last bytes came. */
    first_time: WallTime;
    last_time: WallTime;
    /** As of a document. */
    problem?: string;
    feed(memory: Bytes, bytes: number): void;
    finish(is_whole: boolean): Fields | undefined;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const READ_BYTES = 4 * 1024;

/** Kinds of lines: not begun; the field name so far is part of "data:"; data; another field; a blank line, which ends the event. */
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

/** Ends the current event; `is_cut`: because the stream ends inside it. */
function end_event(stream: Stream, is_cut: boolean): void {
    if (!stream.has_data) return;
    const scanner = stream.scanner;
    const is_whole = scanners.is_whole(scanner);
    // A truncated stream is not an error of the node.
    if (!is_whole && !is_cut) stream.problem = "an event is no JSON, or ends too early";
    if (is_whole && scanner.contents > 0) note_content(stream);
    scanners.reset(scanner);
    stream.has_data = false;
}

/** Compares the field name of the current line with "data:". Returns where to go on. */
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

/** Begins a line, whose first byte is given. */
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

/** Makes a template of the current line, if it has one piece of content. */
function keep_template(stream: Stream, memory: Bytes, line_at: number, line_end: number, limit: number): void {
    const scanner = stream.scanner;
    if (scanner.contents !== 1 || scanner.content_at < line_at || !scanners.is_whole(scanner)) return;
    event_templates.keep(
        stream.template,
        memory,
        line_at,
        scanner.content_at,
        scanner.content_end,
        line_end + 1,
        limit,
        stream.is_lines,
    );
}

/** Parses the current line up to its end or to `limit`. `line_at`: where it begins; below 0: in an earlier piece. */
function go_on_line(stream: Stream, memory: Bytes, at: number, limit: number, line_at: number): number {
    const line_end = line_feed_after(memory, at, limit);
    const end = line_end < 0 ? limit : line_end;
    const line = stream.line;
    if (line === DATA) scanners.feed(stream.scanner, memory, at, end);
    if (line_end < 0) return limit;
    if (line === DATA && line_at >= 0) keep_template(stream, memory, line_at, line_end, limit);
    if (line === BLANK || stream.is_lines) end_event(stream, false);
    stream.line = BEGIN;
    return line_end + 1;
}

/** Parses the bytes before `limit`. */
function read(stream: Stream, memory: Bytes, limit: number): void {
    let at = 0;
    let line_at = -1;
    while (at < limit) {
        const line = stream.line;
        if (line === BEGIN) {
            const next = stream.has_data ? 0 : event_templates.end_of(stream.template, memory, at, limit);
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

/** A reader for one response. `is_lines`: each line is an event. Phases: any. */
function create(is_lines: boolean): Stream {
    const reading = readings.new();
    const made = {
        is_stream: true as const,
        is_lines,
        reading,
        scanner: scanners.new(ROOT, reading),
        template: event_templates.new(),
        kept: string_buffer.new(),
        kept_bytes: 0,
        line: BEGIN,
        matched: 0,
        has_data: false,
        contents: 0,
        first_time: 0 as WallTime,
        last_time: 0 as WallTime,
    };
    return setmetatable(made, metatable);
}
export { create as new };
