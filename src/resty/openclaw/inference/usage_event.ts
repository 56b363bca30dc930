/**
 * Removes the usage event from a stream: the one whose `choices` are an empty list and whose `usage` is an object. Complete events pass at
 * once; an incomplete one is held until its end comes. In case of doubt the bytes pass unchanged, and so does all that follows.
 */
import * as cjson from "cjson.safe";
import * as ffi from "ffi";
import type { Place, Receiver, Scanner } from "../core/text/json/scanner";
import * as scanners from "../core/text/json/scanner";

ffi.cdef("void *memmem(const void *memory, size_t bytes, const void *wanted, size_t wanted_bytes);");
ffi.cdef("void *memrchr(const void *memory, int byte, size_t bytes);");

export interface UsageFilter {
    /** The beginning of an incomplete event. */
    held: string | undefined;
    /** Whether no event is removed any more. */
    is_over: boolean;
    /** Whether the usage event was removed. */
    has_removed: boolean;
    /** Whether a usage event may have been left in the stream. */
    has_left: boolean;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const COLON = 58;
const OBJECT = 123;
/** At most so much of an event is held. */
const MOST_HELD_BYTES = 64 * 1024;

/** The two ways in which servers write it. */
const EMPTY_CHOICES = ['"choices":[]', '"choices": []'] as const;
const DATA = "data:";

interface Finding extends Receiver {
    choices: number;
    usages: number;
    usage_at: number;
}

const FIELDS = new LuaMap<string, Place>();
FIELDS.set("choices", { watched: "choices", entries: { is_content: true } });
FIELDS.set("usage", { watched: "usage" });
const ROOT: Place = { fields: FIELDS };

function begins(this: Finding, name: string, at: number): void {
    if (name === "choices") {
        this.choices += 1;
    } else {
        this.usages += 1;
        this.usage_at = at;
    }
}

function nothing(this: Finding): void {
    return;
}

/** One for the worker: never in use over a yield. */
const finding = { choices: 0, usages: 0, usage_at: 0, begins, ends: nothing, value: nothing } as unknown as Finding;
const scanner: Scanner = scanners.new(ROOT, finding);

/** Whether the bytes from `from` to before `limit` are JSON, which the scanner does not check. */
function is_json(memory: Bytes, from: number, limit: number): boolean {
    const text = ffi.string(pointer_add(memory, from), limit - from);
    // A carriage return alone ends a line as well; JSON may have one between its values.
    const [odd] = string.find(text, "\r.");
    return odd === undefined && cjson.decode(text)[0] !== undefined;
}

/** Whether the JSON from `from` up to before `limit` is a usage event. */
function is_usage(memory: Bytes, from: number, limit: number): boolean {
    scanners.reset(scanner);
    finding.choices = 0;
    finding.usages = 0;
    scanners.feed(scanner, memory, from, limit);
    return (
        scanners.is_whole(scanner) &&
        scanner.values === 1 &&
        scanner.contents === 0 &&
        finding.choices === 1 &&
        finding.usages === 1 &&
        memory.get(finding.usage_at) === OBJECT &&
        is_json(memory, from, limit)
    );
}

function place_of(found: unknown, memory: Bytes): number {
    const place = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    return place;
}

/** Where a text stands from `from` up to before `limit`; `limit` where it does not. */
function find_text(memory: Bytes, from: number, limit: number, text: string): number {
    const found = ffi.C.memmem!(pointer_add(memory, from), limit - from, text, text.length) as CValue | undefined;
    return found === undefined ? limit : place_of(found, memory);
}

function find_empty_choices(memory: Bytes, from: number, limit: number): number {
    const compact = find_text(memory, from, limit, EMPTY_CHOICES[0]);
    const spaced = find_text(memory, from, compact, EMPTY_CHOICES[1]);
    return spaced;
}

/** Where the first line feed is from `from` up to before `limit`; below 0: nowhere. */
function next_line_feed(memory: Bytes, from: number, limit: number): number {
    const found = ffi.C.memchr!(pointer_add(memory, from), LINE_FEED, limit - from) as CValue | undefined;
    return found === undefined ? -1 : place_of(found, memory);
}

/** The same for the last one before `limit`. */
function last_line_feed(memory: Bytes, limit: number): number {
    const found = ffi.C.memrchr!(memory, LINE_FEED, limit) as CValue | undefined;
    return found === undefined ? -1 : place_of(found, memory);
}

/** Whether the line that the line feed at `at` ends is blank. Before the first byte a line has ended. */
function is_blank_line(memory: Bytes, at: number): boolean {
    if (at === 0 || memory.get(at - 1) === LINE_FEED) return true;
    return memory.get(at - 1) === CARRIAGE_RETURN && (at === 1 || memory.get(at - 2) === LINE_FEED);
}

/** Where the incomplete event at the end begins; `limit`: there is none. */
function unfinished_at(memory: Bytes, limit: number): number {
    let feed = last_line_feed(memory, limit);
    while (feed > 0 && !is_blank_line(memory, feed)) feed = last_line_feed(memory, feed);
    let at = feed + 1;
    // A comment is a line of its own, often a keep-alive.
    while (at < limit && memory.get(at) === COLON) {
        const end = next_line_feed(memory, at, limit);
        if (end < 0) return at;
        at = end + 1;
    }
    return at;
}

/** Whether the last bytes may be the beginning of a usage event: a line, or also the beginning of a blank line after it. */
function may_be_event(rest: string): boolean {
    if (rest.length > MOST_HELD_BYTES) return false;
    // A carriage return alone ends a line as well; no server is known to use it.
    const [odd] = string.find(rest, "\r[^\n]");
    if (odd !== undefined) return false;
    const [line_end] = string.find(rest, "\n", 1, true);
    if (line_end === undefined || line_end === rest.length) return true;
    return line_end === rest.length - 1 && string.byte(rest, rest.length) === CARRIAGE_RETURN;
}

/** The end of the event whose only line is from `begin` to the line feed at `line_end`; below 0: it has other lines. */
function end_of_event(memory: Bytes, begin: number, line_end: number, limit: number): number {
    if (begin > 0 && !is_blank_line(memory, begin - 1)) return -1;
    const next = next_line_feed(memory, line_end + 1, limit);
    return next >= 0 && is_blank_line(memory, next) ? next + 1 : -1;
}

/**
 * The complete events before `limit` without the usage event; nothing where there is none. Searches for the empty list first, and parses
 * only an event that has it.
 */
function without_usage(usage_filter: UsageFilter, memory: Bytes, limit: number): string | undefined {
    let at = find_empty_choices(memory, 0, limit);
    while (at < limit) {
        const begin = last_line_feed(memory, at) + 1;
        const line_end = next_line_feed(memory, at, limit);
        if (line_end < 0) return undefined;
        const data_at = begin + DATA.length;
        if (find_text(memory, begin, data_at, DATA) === begin && is_usage(memory, data_at, line_end)) {
            const end = end_of_event(memory, begin, line_end, limit);
            usage_filter.is_over = true;
            if (end < 0) {
                usage_filter.has_left = true;
                return undefined;
            }
            usage_filter.has_removed = true;
            return ffi.string(memory, begin) + ffi.string(pointer_add(memory, end), limit - end);
        }
        at = find_empty_choices(memory, line_end, limit);
    }
    return undefined;
}

/** The bytes to send in place of these; nothing: these unchanged. */
function filter(usage_filter: UsageFilter, memory: Bytes, bytes: number, is_last: boolean): string | undefined {
    const whole = is_last ? bytes : unfinished_at(memory, bytes);
    const left = without_usage(usage_filter, memory, whole);
    if (whole === bytes) return left;
    const rest = ffi.string(pointer_add(memory, whole), bytes - whole);
    if (!usage_filter.is_over && may_be_event(rest)) {
        usage_filter.held = rest;
        return left ?? ffi.string(memory, whole);
    }
    if (!usage_filter.is_over) {
        usage_filter.is_over = true;
        usage_filter.has_left = true;
    }
    return left === undefined ? undefined : left + rest;
}

/**
 * Filters the next bytes of the stream. Returns the bytes to send in their place; nothing: these unchanged.
 * Phases: body_filter. `memory` may be nothing when `bytes` is 0.
 */
export function take(
    usage_filter: UsageFilter,
    memory: Bytes | undefined,
    bytes: number,
    is_last: boolean,
): string | undefined {
    const held = usage_filter.held;
    if (held === undefined) {
        if (usage_filter.is_over || memory === undefined || bytes === 0) return undefined;
        return filter(usage_filter, memory, bytes, is_last);
    }
    if (bytes === 0 && !is_last) return undefined;
    usage_filter.held = undefined;
    const text = bytes === 0 ? held : held + ffi.string(memory!, bytes);
    return filter(usage_filter, ffi.cast("const uint8_t *", text), text.length, is_last) ?? text;
}

/** A filter for one stream. Phases: any. */
function create(): UsageFilter {
    return { held: undefined, is_over: false, has_removed: false, has_left: false };
}
export { create as new };
