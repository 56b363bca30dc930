/**
 * Most events of a stream differ in their content only. The bytes before and after the content of one event are kept as a template. An
 * event that matches it has no other information than its content, and need not be parsed.
 */
import * as ffi from "ffi";

ffi.cdef("int memcmp(const void *left, const void *right, size_t bytes);");

export interface EventTemplate {
    /** The bytes before the content, and those after it up to the end of the event; nothing before the first event. */
    head: string | undefined;
    tail: string;
    /** Number of consecutive templates that no event has matched. */
    misses: number;
}

const QUOTE = 34;
const BACKSLASH = 92;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** Longer events make no template. */
const MOST_BYTES = 4096;
/** After so many misses the events of a stream are considered too different for a template. */
const MOST_MISSES = 8;

/**
 * The end of the event that begins at `at`, if it matches the template, is complete and has content; else 0. Phases: any.
 */
export function end_of(template: EventTemplate, memory: Bytes, at: number, limit: number): number {
    const head = template.head;
    if (head === undefined) return 0;
    const begin = at + head.length;
    if (begin >= limit || ffi.C.memcmp!(pointer_add(memory, at), head, head.length) !== 0) return 0;
    const found = ffi.C.memchr!(pointer_add(memory, begin), QUOTE, limit - begin) as CValue | undefined;
    if (found === undefined) return 0;
    const end = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    // There is no content, or the quote may be escaped.
    if (end === begin || memory.get(end - 1) === BACKSLASH) return 0;
    const tail = template.tail;
    if (limit - end < tail.length || ffi.C.memcmp!(pointer_add(memory, end), tail, tail.length) !== 0) return 0;
    template.misses = 0;
    return end + tail.length;
}

/** The end of the blank line at `at`; 0 where there is none, or it is incomplete. */
function blank_line_end(memory: Bytes, at: number, limit: number): number {
    if (at < limit && memory.get(at) === LINE_FEED) return at + 1;
    if (at + 1 < limit && memory.get(at) === CARRIAGE_RETURN && memory.get(at + 1) === LINE_FEED) return at + 2;
    return 0;
}

/**
 * Makes a template of an event of one line, whose content is from `content_at` to `content_end`. `is_plain`: the event ends with its line,
 * else with the blank line after it. Phases: any.
 */
export function keep(
    template: EventTemplate,
    memory: Bytes,
    line_at: number,
    content_at: number,
    content_end: number,
    next_line: number,
    limit: number,
    is_plain: boolean,
): void {
    if (template.misses >= MOST_MISSES) {
        template.head = undefined;
        return;
    }
    const end = is_plain ? next_line : blank_line_end(memory, next_line, limit);
    if (end === 0 || end - line_at > MOST_BYTES) return;
    template.misses += 1;
    template.head = ffi.string(pointer_add(memory, line_at), content_at - line_at);
    template.tail = ffi.string(pointer_add(memory, content_end), end - content_end);
}

/** No template yet. Phases: any. */
function create(): EventTemplate {
    return { head: undefined, tail: "", misses: 0 };
}
export { create as new };
