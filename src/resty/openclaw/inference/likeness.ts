/**
 * Most events of a stream are alike but for their content. What one of them has before and after it is kept; an event
 * with the same around its own content says nothing new, and needs not be read.
 */
import * as ffi from "ffi";

ffi.cdef("int memcmp(const void *left, const void *right, size_t bytes);");

export interface Likeness {
    /** What is before the content, and after it up to the end of the event; nothing yet. */
    head: string | undefined;
    tail: string;
    /** How often in a row another event has been kept that none was like. */
    misses: number;
}

const QUOTE = 34;
const BACKSLASH = 92;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** Larger ones are not kept. */
const MOST_BYTES = 4096;
/** A stream of which so many in a row were kept in vain has events that are never alike. */
const MOST_MISSES = 8;

/**
 * Where the event ends that begins at `at`, when it is like the one that is kept, is there as a whole, and has content;
 * else 0. Phases: any.
 */
export function end_of(likeness: Likeness, memory: Bytes, at: number, limit: number): number {
    const head = likeness.head;
    if (head === undefined) return 0;
    const begin = at + head.length;
    if (begin >= limit || ffi.C.memcmp!(pointer_add(memory, at), head, head.length) !== 0) return 0;
    const found = ffi.C.memchr!(pointer_add(memory, begin), QUOTE, limit - begin) as CValue | undefined;
    if (found === undefined) return 0;
    const end = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    // No content, or the quote may be part of it.
    if (end === begin || memory.get(end - 1) === BACKSLASH) return 0;
    const tail = likeness.tail;
    if (limit - end < tail.length || ffi.C.memcmp!(pointer_add(memory, end), tail, tail.length) !== 0) return 0;
    likeness.misses = 0;
    return end + tail.length;
}

/** Where the blank line at `at` ends; 0 when there is none, or not yet. */
function blank_line_end(memory: Bytes, at: number, limit: number): number {
    if (at < limit && memory.get(at) === LINE_FEED) return at + 1;
    if (at + 1 < limit && memory.get(at) === CARRIAGE_RETURN && memory.get(at + 1) === LINE_FEED) return at + 2;
    return 0;
}

/**
 * Keeps an event of one line, whose content stands from `content_at` to `content_end`. `is_plain`: the event ends with its
 * line, else with the blank line after it. Phases: any.
 */
export function keep(
    likeness: Likeness,
    memory: Bytes,
    line_at: number,
    content_at: number,
    content_end: number,
    next_line: number,
    limit: number,
    is_plain: boolean,
): void {
    if (likeness.misses >= MOST_MISSES) {
        likeness.head = undefined;
        return;
    }
    const end = is_plain ? next_line : blank_line_end(memory, next_line, limit);
    if (end === 0 || end - line_at > MOST_BYTES) return;
    likeness.misses += 1;
    likeness.head = ffi.string(pointer_add(memory, line_at), content_at - line_at);
    likeness.tail = ffi.string(pointer_add(memory, content_end), end - content_end);
}

/** Nothing kept yet. Phases: any. */
function create(): Likeness {
    return { head: undefined, tail: "", misses: 0 };
}
export { create as new };
