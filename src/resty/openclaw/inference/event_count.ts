/** Counts the events of a stream, whose bytes come in any pieces: lines are looked at where nginx has left them. */
import * as ffi from "ffi";

ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);");

export interface EventCount {
    /** Events that have data. */
    events: number;
    /** Whether the event at hand has data. */
    has_data: boolean;
    /** Of the bytes that are there, how many have been looked at. */
    scanned: number;
    /** Whether it is known already what the line is that goes on there. */
    is_within_line: boolean;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
/** "data:" */
const FIELD_BYTES = 5;

/** Whether these bytes are "data:"; there must be as many. */
function is_data(memory: Bytes, at: number): boolean {
    return (
        memory.get(at) === 100 &&
        memory.get(at + 1) === 97 &&
        memory.get(at + 2) === 116 &&
        memory.get(at + 3) === 97 &&
        memory.get(at + 4) === 58
    );
}

/** Takes note of a whole line, from `at` to before `line_end`. */
function note_line(count: EventCount, memory: Bytes, at: number, line_end: number): void {
    const length = line_end - at;
    if (length === 0 || (length === 1 && memory.get(at) === CARRIAGE_RETURN)) {
        if (count.has_data) count.events += 1;
        count.has_data = false;
    } else if (length >= FIELD_BYTES && is_data(memory, at)) {
        count.has_data = true;
    }
}

/** Where the next line feed is; nothing when there is none before `limit`. Phases: any. */
export function line_feed_after(memory: Bytes, at: number, limit: number): number | undefined {
    const found = ffi.C.memchr!(pointer_add(memory, at), LINE_FEED, limit - at) as CValue | undefined;
    if (found === undefined) return undefined;
    const place = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    return place;
}

/** Counts the events in what has come since the last time. `memory`: what is there, up to before `limit`. Phases: any. */
export function go_on(count: EventCount, memory: Bytes, limit: number): void {
    let at = count.scanned;
    let line_end = line_feed_after(memory, at, limit);
    while (line_end !== undefined) {
        if (count.is_within_line) count.is_within_line = false;
        else note_line(count, memory, at, line_end);
        at = line_end + 1;
        line_end = line_feed_after(memory, at, limit);
    }
    if (!count.is_within_line && limit - at >= FIELD_BYTES) {
        if (is_data(memory, at)) count.has_data = true;
        count.is_within_line = true;
    }
    count.scanned = count.is_within_line ? limit : at;
}

/** No events yet. Phases: any. */
function create(): EventCount {
    return { events: 0, has_data: false, scanned: 0, is_within_line: false };
}
export { create as new };
