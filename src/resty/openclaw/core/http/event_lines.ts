/**
 * Reads the lines of a stream of server-sent events (WHATWG HTML, section 9.2.6) or of JSON lines that arrives in pieces of any size, in
 * bounded memory: no line is kept but the type of an event. Lines end with LF, CR or CRLF.
 *
 * Each step reads one byte of a name, or all that there is of a value, so that its reader has one flat loop, which LuaJIT compiles.
 */
import * as ffi from "ffi";

ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);");

export interface EventLines {
    /** Whether each line that is not blank is data (JSON lines), or else they are server-sent events. */
    readonly is_plain: boolean;
    /** Whether the types of events are read, or else are fields as any other. */
    readonly has_types: boolean;
    /** What the last step has found: one of the constants below. */
    found: number;
    /** Of DATA: its place in the memory of the step, and whether its line ends there. A line is in one or more parts. */
    from: number;
    to: number;
    is_line_end: boolean;
    /** Of TYPE: the type; empty when it is longer than MOST_TYPE_BYTES. */
    type: string;
    /** The kind of the current line, see BEGIN. */
    line: number;
    /** How many bytes of the name the current line has begun with. */
    matched: number;
    /** Whether the value has begun, before which one blank may stand. */
    is_value: boolean;
    /** The part of the type that was in the pieces before. */
    partial: string | undefined;
    /** How many bytes of a byte order mark the stream has begun with; all of them after the first byte that is none. */
    mark: number;
    /** Whether the last line has ended with CR, so that an LF belongs to it. */
    is_after_return: boolean;
    /** Whether a line has ended with CRLF. */
    has_both: boolean;
    /** Where the next LF is in this piece, or its end; below 0 when it is not known. */
    feed_at: number;
}

/** What a step has found: nothing, a line that is neither blank nor a comment and begins there, a part of data, a type, or a blank line. */
export const NOTHING = 0;
export const FIELD = 1;
export const DATA = 2;
export const TYPE = 3;
export const BLANK = 4;

/** Kinds of lines: not begun; the name so far is part of "data:" or of "event:"; data; a type; a comment or another field. */
const BEGIN = 0;
const DATA_NAME = 1;
const TYPE_NAME = 2;
const IN_DATA = 3;
const IN_TYPE = 4;
const OTHER = 5;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const COLON = 58;
const LETTER_D = 100;
const LETTER_E = 101;

/** "data:" and "event:" */
const DATA_LETTERS = ffi.new("uint8_t[5]", [100, 97, 116, 97, 58]) as unknown as Bytes;
const TYPE_LETTERS = ffi.new("uint8_t[6]", [101, 118, 101, 110, 116, 58]) as unknown as Bytes;
/** Where their colons are. */
const DATA_COLON = 4;
const TYPE_COLON = 5;
/** The byte order mark of UTF-8. */
const MARK = ffi.new("uint8_t[3]", [0xef, 0xbb, 0xbf]) as unknown as Bytes;
const MARK_BYTES = 3;

/** Longer types are not kept. */
export const MOST_TYPE_BYTES = 64;

/** Begins a line; the first byte is no part of a byte order mark. */
function begin_line(lines: EventLines, byte: number, at: number): number {
    lines.mark = MARK_BYTES;
    if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        lines.found = BLANK;
        lines.is_after_return = byte === CARRIAGE_RETURN;
        return at + 1;
    }
    if (lines.is_plain) {
        lines.found = FIELD;
        lines.line = IN_DATA;
        lines.is_value = true;
        return at;
    }
    lines.matched = 1;
    if (byte !== COLON) lines.found = FIELD;
    if (byte === LETTER_D) lines.line = DATA_NAME;
    else if (byte === LETTER_E && lines.has_types) lines.line = TYPE_NAME;
    else lines.line = OTHER;
    return at + 1;
}

/** At the beginning of a line, or of the stream. */
function begin(lines: EventLines, memory: Bytes, at: number): number {
    const byte = memory.get(at);
    if (lines.is_after_return) {
        lines.is_after_return = false;
        if (byte === LINE_FEED) {
            lines.has_both = true;
            return at + 1;
        }
    }
    if (lines.mark < MARK_BYTES) {
        if (byte === MARK.get(lines.mark)) {
            lines.mark += 1;
            return at + 1;
        }
        if (lines.mark > 0) {
            // The beginning of a mark is the beginning of some name.
            lines.mark = MARK_BYTES;
            lines.found = FIELD;
            lines.line = OTHER;
            return at;
        }
    }
    const next = begin_line(lines, byte, at);
    return next;
}

/** Compares the name of the current line with the one that it has begun with. */
function match_name(lines: EventLines, memory: Bytes, at: number): number {
    const is_data = lines.line === DATA_NAME;
    const colon = is_data ? DATA_COLON : TYPE_COLON;
    const byte = memory.get(at);
    const matched = lines.matched;
    if (byte === (is_data ? DATA_LETTERS : TYPE_LETTERS).get(matched)) {
        lines.matched = matched + 1;
        if (matched === colon) {
            lines.line = is_data ? IN_DATA : IN_TYPE;
            lines.is_value = false;
        }
        return at + 1;
    }
    if (matched === colon && (byte === LINE_FEED || byte === CARRIAGE_RETURN)) {
        // A name alone is a field without a value.
        lines.line = is_data ? IN_DATA : IN_TYPE;
        lines.is_value = true;
    } else {
        lines.line = OTHER;
    }
    return at;
}

/** Where a byte is from `from` up to before `limit`; `limit` where it is not. */
function place_of(byte: number, memory: Bytes, from: number, limit: number): number {
    const found = ffi.C.memchr!(pointer_add(memory, from), byte, limit - from) as CValue | undefined;
    if (found === undefined) return limit;
    const place = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    return place;
}

/** Where the current line ends; `limit`: not in this piece. */
function line_end(lines: EventLines, memory: Bytes, at: number, limit: number): number {
    // In a stream of CR each line would look for an LF up to the end of the piece.
    if (lines.feed_at < at) lines.feed_at = place_of(LINE_FEED, memory, at, limit);
    const end = place_of(CARRIAGE_RETURN, memory, at, lines.feed_at);
    return end;
}

function take_type(lines: EventLines, memory: Bytes, from: number, to: number, is_line_end: boolean): void {
    const before = lines.partial;
    // One byte more shows that it is too long.
    const room = MOST_TYPE_BYTES + 1 - (before === undefined ? 0 : before.length);
    const part = ffi.string(pointer_add(memory, from), math.min(to - from, room));
    const text = before === undefined ? part : before + part;
    if (is_line_end) {
        lines.partial = undefined;
        lines.found = TYPE;
        lines.type = text.length > MOST_TYPE_BYTES ? "" : text;
    } else {
        lines.partial = text;
    }
}

/** Goes on in the current line, after its name. */
function go_on(lines: EventLines, memory: Bytes, at: number, limit: number): number {
    const line = lines.line;
    const end = line_end(lines, memory, at, limit);
    const has_ended = end < limit;
    if (line !== OTHER) {
        let from = at;
        if (!lines.is_value) {
            lines.is_value = true;
            if (memory.get(at) === SPACE) from = at + 1;
        }
        if (line === IN_DATA) {
            lines.found = DATA;
            lines.from = from;
            lines.to = end;
            lines.is_line_end = has_ended;
        } else {
            take_type(lines, memory, from, end, has_ended);
        }
    }
    if (!has_ended) return limit;
    lines.line = BEGIN;
    lines.is_after_return = memory.get(end) === CARRIAGE_RETURN;
    return end + 1;
}

/** To be called before the first step in other memory, or in other bytes of the same. Phases: any. */
export function begin_piece(lines: EventLines): void {
    lines.feed_at = -1;
}

/**
 * Reads on from `at`, which is before `limit`, and sets `found`. Returns the place of the next step. Phases: any. Never raises, whatever
 * the bytes are.
 */
export function step(lines: EventLines, memory: Bytes, at: number, limit: number): number {
    const line = lines.line;
    lines.found = NOTHING;
    let next: number;
    if (line === BEGIN) next = begin(lines, memory, at);
    else if (line === DATA_NAME || line === TYPE_NAME) next = match_name(lines, memory, at);
    else next = go_on(lines, memory, at, limit);
    return next;
}

/** Whether the last line has ended: with LF, too, where lines of this stream end with CRLF. Phases: any. */
export function is_between_lines(lines: EventLines): boolean {
    const is_mark_whole = lines.mark === 0 || lines.mark === MARK_BYTES;
    return lines.line === BEGIN && is_mark_whole && !(lines.is_after_return && lines.has_both);
}

/** Whether the next step begins a line. Phases: any. */
export function is_at_line(lines: EventLines): boolean {
    return lines.line === BEGIN && !lines.is_after_return;
}

/** Where the line begins that follows one of data, whose step has led to `at`. Phases: any. */
export function next_line(lines: EventLines, memory: Bytes, at: number, limit: number): number {
    const is_rest = lines.is_after_return && at < limit && memory.get(at) === LINE_FEED;
    return is_rest ? at + 1 : at;
}

/** The lines of one stream. `is_plain`: each line is data; `has_types`: the types of events are read. Phases: any. */
function create(is_plain: boolean, has_types: boolean): EventLines {
    return {
        is_plain,
        has_types,
        found: NOTHING,
        from: 0,
        to: 0,
        is_line_end: false,
        type: "",
        line: BEGIN,
        matched: 0,
        is_value: false,
        partial: undefined,
        mark: 0,
        is_after_return: false,
        has_both: false,
        feed_at: -1,
    };
}
export { create as new };
