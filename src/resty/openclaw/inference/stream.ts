/**
 * Parses a stream of server-sent events or of JSON lines: each event as it comes until the first one with
 * content, which is the first token; then 4 KB at a time, since LuaJIT does not compile a loop over one or two events.
 */
import * as ffi from "ffi";
import type { Buffer } from "string.buffer";
import * as string_buffer from "string.buffer";
import type { EventLines } from "../core/http/event_lines";
import * as event_lines from "../core/http/event_lines";
import type { EventTemplate } from "../core/http/event_template";
import * as event_templates from "../core/http/event_template";
import * as request from "../core/request/request";
import type { Scanner } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";
import { ROOT } from "./dialects";
import type { Fields, Reading } from "./fields";
import * as readings from "./fields";

export interface Stream {
    readonly is_stream: true;
    /** Whether each line is an event (JSON lines), or else they are server-sent events. */
    readonly is_lines: boolean;
    readonly lines: EventLines;
    readonly reading: Reading;
    readonly scanner: Scanner;
    readonly template: EventTemplate;
    /** Bytes that are not parsed yet. */
    readonly kept: Buffer;
    kept_bytes: number;
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

const READ_BYTES = 4 * 1024;

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

/** Makes a template of the current line, if it has one piece of content; `at`: after the line. */
function keep_template(stream: Stream, memory: Bytes, line_at: number, at: number, limit: number): void {
    const scanner = stream.scanner;
    if (scanner.contents !== 1 || scanner.content_at < line_at || !scanners.is_whole(scanner)) return;
    event_templates.keep(
        stream.template,
        memory,
        line_at,
        scanner.content_at,
        scanner.content_end,
        event_lines.next_line(stream.lines, memory, at, limit),
        limit,
        stream.is_lines,
    );
}

/** Takes a part of the data, whose step has led to `at`. `line_at`: where its line begins; below 0: in an earlier piece. */
function take_data(stream: Stream, memory: Bytes, at: number, limit: number, line_at: number): void {
    const lines = stream.lines;
    stream.has_data = true;
    scanners.feed(stream.scanner, memory, lines.from, lines.to);
    if (!lines.is_line_end) return;
    if (line_at >= 0) keep_template(stream, memory, line_at, at, limit);
    if (stream.is_lines) end_event(stream, false);
}

/** Parses the bytes before `limit`. */
function read(stream: Stream, memory: Bytes, limit: number): void {
    const lines = stream.lines;
    let at = 0;
    let line_at = -1;
    event_lines.begin_piece(lines);
    while (at < limit) {
        const may_match = event_lines.is_at_line(lines) && !stream.has_data;
        const next = may_match ? event_templates.end_of(stream.template, memory, at, limit) : 0;
        if (next > 0) {
            note_content(stream);
            at = next;
        } else {
            const from = at;
            at = event_lines.step(lines, memory, from, limit);
            const found = lines.found;
            if (found === event_lines.FIELD) line_at = from;
            else if (found === event_lines.DATA) take_data(stream, memory, at, limit, line_at);
            else if (found === event_lines.BLANK) end_event(stream, false);
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
        lines: event_lines.new(is_lines, false),
        reading,
        scanner: scanners.new(ROOT, reading),
        template: event_templates.new(),
        kept: string_buffer.new(),
        kept_bytes: 0,
        has_data: false,
        contents: 0,
        first_time: 0 as WallTime,
        last_time: 0 as WallTime,
    };
    return setmetatable(made, metatable);
}
export { create as new };
