/**
 * Tells whether a stream of server-sent events has come to its own end, and not to that of a connection: the last event says that it is the
 * last, no event before says that the answer failed, and nothing is unfinished. In case of doubt it has not.
 *
 * The JSON of events is read as it passes, so that an event of any size takes no memory. Events that differ from one before in their
 * content only are compared.
 */
import * as ffi from "ffi";
import type { EventLines } from "../core/http/event_lines";
import * as event_lines from "../core/http/event_lines";
import type { EventTemplate } from "../core/http/event_template";
import * as event_templates from "../core/http/event_template";
import type { Scanner } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";
import type { Findings } from "./stream_end/findings";
import * as findings from "./stream_end/findings";

ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);");
ffi.cdef("int memcmp(const void *left, const void *right, size_t bytes);");

export interface StreamEnd {
    readonly lines: EventLines;
    readonly scanner: Scanner;
    readonly template: EventTemplate;
    /** What its events say; when it has failed, nothing makes up for it. */
    readonly findings: Findings;
    /** How the last event has ended the stream: NO_END, TYPED or DONE. */
    ending: number;
    /** Whether the current event has lines that are no comments. */
    has_fields: boolean;
    /** What the data of the current event is so far: NO_DATA, UNKNOWN, JSON or TEXT. */
    data: number;
    /** Whether a line of it has ended. */
    is_line_over: boolean;
    /** As how many bytes of "[DONE]" the data has begun, if it is nothing else; below 0 if it is. */
    done_bytes: number;
}

const NO_END = 0;
const TYPED = 1;
const DONE = 2;

const NO_DATA = 0;
const UNKNOWN = 1;
const JSON = 2;
const TEXT = 3;

const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const OBJECT = 123;
const ARRAY = 91;

/** "[DONE]" */
const DONE_TEXT = ffi.new("uint8_t[6]", [91, 68, 79, 78, 69, 93]) as unknown as Bytes;
const DONE_BYTES = 6;
const LINE_FEED_TEXT = ffi.new("uint8_t[1]", [LINE_FEED]) as unknown as Bytes;

/** Reads a part of the data, which is JSON if it begins as such. */
function take_part(reader: StreamEnd, memory: Bytes, first: number, limit: number): void {
    let from = first;
    if (reader.data === UNKNOWN) {
        while (from < limit && (memory.get(from) === SPACE || memory.get(from) === TAB)) from += 1;
        if (from === limit) return;
        const byte = memory.get(from);
        reader.data = byte === OBJECT || byte === ARRAY ? JSON : TEXT;
    }
    if (reader.data === JSON) scanners.feed(reader.scanner, memory, from, limit);
}

/** The data is not "[DONE]" alone, as it seemed to be so far. */
function is_not_done(reader: StreamEnd): void {
    const bytes = reader.done_bytes;
    reader.done_bytes = -1;
    if (bytes > 0) take_part(reader, DONE_TEXT, 0, bytes);
}

function take_data(reader: StreamEnd, memory: Bytes): void {
    const { from, to, is_line_end } = reader.lines;
    if (reader.data === NO_DATA) {
        reader.data = UNKNOWN;
    } else if (reader.is_line_over) {
        if (reader.done_bytes >= 0) is_not_done(reader);
        // The lines of one event are joined by line feeds.
        if (reader.data === JSON) scanners.feed(reader.scanner, LINE_FEED_TEXT, 0, 1);
    }
    reader.is_line_over = is_line_end;
    const bytes = to - from;
    if (bytes === 0) return;
    const matched = reader.done_bytes;
    if (matched >= 0) {
        const is_more =
            matched + bytes <= DONE_BYTES &&
            ffi.C.memcmp!(pointer_add(memory, from), pointer_add(DONE_TEXT, matched), bytes) === 0;
        if (is_more) {
            reader.done_bytes = matched + bytes;
            return;
        }
        is_not_done(reader);
    }
    take_part(reader, memory, from, to);
}

/** How the current event ends the stream. */
function ending_of(reader: StreamEnd): number {
    if (reader.done_bytes === DONE_BYTES) return DONE;
    return reader.findings.says_end && reader.data !== NO_DATA ? TYPED : NO_END;
}

/** A blank line ends the current event. */
function end_event(reader: StreamEnd): void {
    if (!reader.has_fields) return;
    const before = reader.ending;
    const ending = ending_of(reader);
    // After the last event nothing comes, but for "[DONE]" after one that has said it by its type.
    if (before !== NO_END && !(before === TYPED && ending === DONE)) reader.findings.is_failed = true;
    reader.ending = ending;
    if (reader.done_bytes > 0 && ending !== DONE) is_not_done(reader);
    if (reader.data === JSON) {
        if (!scanners.is_whole(reader.scanner) || reader.scanner.values > 1) reader.findings.is_failed = true;
        scanners.reset(reader.scanner);
    }
    reader.has_fields = false;
    reader.findings.says_end = false;
    reader.data = NO_DATA;
    reader.is_line_over = false;
    reader.done_bytes = 0;
}

function take(reader: StreamEnd, memory: Bytes, found: number): void {
    if (found === event_lines.DATA) take_data(reader, memory);
    else if (found === event_lines.FIELD) reader.has_fields = true;
    else if (found === event_lines.BLANK) end_event(reader);
    else findings.take_type(reader.findings, reader.lines.type);
}

/** Whether an event that begins here may be compared: nothing is known of it, and events may still come. */
function may_be_like(reader: StreamEnd): boolean {
    return reader.data === NO_DATA && !reader.findings.says_end && reader.ending === NO_END;
}

function has_byte(byte: number, memory: Bytes, from: number, limit: number): boolean {
    return (ffi.C.memchr!(pointer_add(memory, from), byte, limit - from) as CValue | undefined) !== undefined;
}

/** The end of an event that is like the one before, but for its content; 0 where there is none. */
function end_of_like(reader: StreamEnd, memory: Bytes, at: number, limit: number): number {
    const template = reader.template;
    const next = event_templates.end_of(template, memory, at, limit);
    if (next === 0) return 0;
    const from = at + template.head!.length;
    const to = next - template.tail.length;
    // A line that ends there is another one.
    if (has_byte(LINE_FEED, memory, from, to) || has_byte(CARRIAGE_RETURN, memory, from, to)) return 0;
    return next;
}

/** Makes a template of an event whose only line of data began at `line_at`; `at`: after the line. */
function keep_template(reader: StreamEnd, memory: Bytes, line_at: number, at: number, limit: number): void {
    const scanner = reader.scanner;
    const is_plain =
        reader.data === JSON && scanner.contents === 1 && scanner.values === 1 && scanners.is_whole(scanner);
    if (!is_plain || scanner.content_at < line_at) return;
    event_templates.keep(
        reader.template,
        memory,
        line_at,
        scanner.content_at,
        scanner.content_end,
        event_lines.next_line(reader.lines, memory, at, limit),
        limit,
        false,
    );
}

/** Reads the next bytes of the stream. Phases: any. Never raises, whatever the bytes are. */
export function feed(reader: StreamEnd, memory: Bytes, bytes: number): void {
    const lines = reader.lines;
    let at = 0;
    // Where the first line of the data of an event began; below 0: in an earlier piece.
    let line_at = -1;
    event_lines.begin_piece(lines);
    while (at < bytes && !reader.findings.is_failed) {
        const may_match = event_lines.is_at_line(lines) && may_be_like(reader);
        const next = may_match ? end_of_like(reader, memory, at, bytes) : 0;
        if (next > 0) {
            reader.has_fields = false;
            at = next;
        } else {
            const from = at;
            at = event_lines.step(lines, memory, from, bytes);
            const found = lines.found;
            if (found === event_lines.FIELD) line_at = reader.data === NO_DATA ? from : -1;
            if (found !== event_lines.NOTHING) take(reader, memory, found);
            if (found === event_lines.DATA && lines.is_line_end && line_at >= 0) {
                keep_template(reader, memory, line_at, at, bytes);
            }
        }
    }
}

/** Whether the stream has ended by itself with the bytes so far. Phases: any. */
export function is_complete(reader: StreamEnd): boolean {
    return (
        !reader.findings.is_failed &&
        reader.ending !== NO_END &&
        !reader.has_fields &&
        event_lines.is_between_lines(reader.lines)
    );
}

/** For one stream, of which nothing has come yet. Phases: any. */
function create(): StreamEnd {
    const found = findings.new();
    return {
        lines: event_lines.new(false, true),
        findings: found,
        scanner: scanners.new(findings.ROOT, found),
        template: event_templates.new(),
        ending: NO_END,
        has_fields: false,
        data: NO_DATA,
        is_line_over: false,
        done_bytes: 0,
    };
}
export { create as new };
