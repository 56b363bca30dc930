/**
 * Tells whether a stream of server-sent events has come to its own end, and not to that of a connection: the last event says that it is the
 * last, no event before says that the answer failed, and nothing is unfinished. In case of doubt it has not.
 *
 * The JSON of events is read as it passes, so that an event of any size takes no memory.
 */
import * as ffi from "ffi";
import type { EventLines } from "../core/http/event_lines";
import * as event_lines from "../core/http/event_lines";
import type { Place, Receiver, Scanner } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";

ffi.cdef("int memcmp(const void *left, const void *right, size_t bytes);");

export interface StreamEnd extends Receiver {
    readonly lines: EventLines;
    scanner: Scanner;
    /** Whether the stream is not to be stored, whatever follows. */
    is_failed: boolean;
    /** How the last event has ended the stream: NO_END, TYPED or DONE. */
    ending: number;
    /** Whether the current event has lines that are no comments; whether it says by its type that it is the last. */
    has_fields: boolean;
    says_end: boolean;
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

const SPACE = 32;
const TAB = 9;
const OBJECT = 123;
const ARRAY = 91;

/** "[DONE]" */
const DONE_TEXT = ffi.new("uint8_t[6]", [91, 68, 79, 78, 69, 93]) as unknown as Bytes;
const DONE_BYTES = 6;
const LINE_FEED = ffi.new("uint8_t[1]", [10]) as unknown as Bytes;

/** Types of events after which nothing comes: of Anthropic, and of OpenAI's Responses API. */
const LAST_TYPES: Readonly<Record<string, true | undefined>> = { message_stop: true, "response.completed": true };
/** Types of events that say that the answer is none, or not all of it. */
const FAILED_TYPES: Readonly<Record<string, true | undefined>> = {
    error: true,
    "response.failed": true,
    "response.incomplete": true,
    "response.cancelled": true,
};
/** Finish reasons of choices, and kinds of events, that say the same: of OpenRouter, vLLM and SGLang. */
const FAILED_OUTCOMES: Readonly<Record<string, true | undefined>> = { error: true, abort: true, cancelled: true };

/** An event: with what may say that the answer failed, and its type under a name. */
function event(type_name: string): LuaMap<string, Place> {
    const error: Place = { name: "error", watched: "error" };
    const outcome: Place = { name: "outcome" };
    const choice = new LuaMap<string, Place>();
    choice.set("error", error);
    choice.set("finish_reason", outcome);
    const fields = new LuaMap<string, Place>();
    fields.set("type", { name: type_name });
    fields.set("error", error);
    // "error": an error of vLLM's.
    fields.set("object", outcome);
    fields.set("choices", { entries: { fields: choice } });
    return fields;
}

/** A list of events may say that one of them failed. That it is the last one nobody says so. */
const ROOT: Place = { fields: event("type"), entries: { fields: event("entry_type") } };

function take_type(end: StreamEnd, text: string): void {
    if (FAILED_TYPES[text] === true) end.is_failed = true;
    else if (LAST_TYPES[text] === true) end.says_end = true;
}

function is_nothing(text: string, is_text: boolean): boolean {
    return is_text ? text === "" : text === "null" || text === "false";
}

function value(this: StreamEnd, name: string, text: string, is_text: boolean): void {
    if (name === "error") {
        if (!is_nothing(text, is_text)) this.is_failed = true;
    } else if (name === "type") {
        take_type(this, text);
    } else if (name === "entry_type") {
        if (FAILED_TYPES[text] === true) this.is_failed = true;
    } else if (FAILED_OUTCOMES[text] === true) {
        this.is_failed = true;
    }
}

/** An error that is an object or a list. */
function begins(this: StreamEnd): void {
    this.is_failed = true;
}

function ends(this: StreamEnd): void {
    return;
}

/** Reads a part of the data, which is JSON if it begins as such. */
function take_part(end: StreamEnd, memory: Bytes, first: number, limit: number): void {
    let from = first;
    if (end.data === UNKNOWN) {
        while (from < limit && (memory.get(from) === SPACE || memory.get(from) === TAB)) from += 1;
        if (from === limit) return;
        const byte = memory.get(from);
        end.data = byte === OBJECT || byte === ARRAY ? JSON : TEXT;
    }
    if (end.data === JSON) scanners.feed(end.scanner, memory, from, limit);
}

/** The data is not "[DONE]" alone, as it seemed to be so far. */
function is_not_done(end: StreamEnd): void {
    const bytes = end.done_bytes;
    end.done_bytes = -1;
    if (bytes > 0) take_part(end, DONE_TEXT, 0, bytes);
}

function take_data(end: StreamEnd, memory: Bytes): void {
    const { from, to, is_line_end } = end.lines;
    if (end.data === NO_DATA) {
        end.data = UNKNOWN;
    } else if (end.is_line_over) {
        if (end.done_bytes >= 0) is_not_done(end);
        // The lines of one event are joined by line feeds.
        if (end.data === JSON) scanners.feed(end.scanner, LINE_FEED, 0, 1);
    }
    end.is_line_over = is_line_end;
    const bytes = to - from;
    if (bytes === 0) return;
    const matched = end.done_bytes;
    if (matched >= 0) {
        const is_more =
            matched + bytes <= DONE_BYTES &&
            ffi.C.memcmp!(pointer_add(memory, from), pointer_add(DONE_TEXT, matched), bytes) === 0;
        if (is_more) {
            end.done_bytes = matched + bytes;
            return;
        }
        is_not_done(end);
    }
    take_part(end, memory, from, to);
}

/** How the current event ends the stream. */
function ending_of(end: StreamEnd): number {
    if (end.done_bytes === DONE_BYTES) return DONE;
    return end.says_end && end.data !== NO_DATA ? TYPED : NO_END;
}

/** A blank line ends the current event. */
function end_event(end: StreamEnd): void {
    if (!end.has_fields) return;
    const before = end.ending;
    const ending = ending_of(end);
    // After the last event nothing comes, but for "[DONE]" after one that has said it by its type.
    if (before !== NO_END && !(before === TYPED && ending === DONE)) end.is_failed = true;
    end.ending = ending;
    if (end.done_bytes > 0 && ending !== DONE) is_not_done(end);
    if (end.data === JSON) {
        if (!scanners.is_whole(end.scanner) || end.scanner.values > 1) end.is_failed = true;
        scanners.reset(end.scanner);
    }
    end.has_fields = false;
    end.says_end = false;
    end.data = NO_DATA;
    end.is_line_over = false;
    end.done_bytes = 0;
}

function take(end: StreamEnd, memory: Bytes, found: number): void {
    if (found === event_lines.DATA) take_data(end, memory);
    else if (found === event_lines.FIELD) end.has_fields = true;
    else if (found === event_lines.BLANK) end_event(end);
    else take_type(end, end.lines.type);
}

/** Reads the next bytes of the stream. Phases: any. Never raises, whatever the bytes are. */
export function feed(end: StreamEnd, memory: Bytes, bytes: number): void {
    const lines = end.lines;
    event_lines.begin_piece(lines);
    let at = 0;
    // Once it has failed, nothing makes up for it.
    while (at < bytes && !end.is_failed) {
        at = event_lines.step(lines, memory, at, bytes);
        const found = lines.found;
        if (found !== event_lines.NOTHING) take(end, memory, found);
    }
}

/** Whether the stream has ended by itself with the bytes so far. Phases: any. */
export function is_complete(end: StreamEnd): boolean {
    return !end.is_failed && end.ending !== NO_END && !end.has_fields && event_lines.is_between_lines(end.lines);
}

const metatable = { __index: { value, begins, ends } };

/** For one stream, of which nothing has come yet. Phases: any. */
function create(): StreamEnd {
    const made = {
        lines: event_lines.new(),
        scanner: undefined as unknown as Scanner,
        is_failed: false,
        ending: NO_END,
        has_fields: false,
        says_end: false,
        data: NO_DATA,
        is_line_over: false,
        done_bytes: 0,
    };
    const end: StreamEnd = setmetatable(made, metatable);
    end.scanner = scanners.new(ROOT, end);
    return end;
}
export { create as new };
