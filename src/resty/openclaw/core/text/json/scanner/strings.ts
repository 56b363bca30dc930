/** Skips through the strings of the JSON by `memchr`, and passes wanted ones to the receiver. */
import * as ffi from "ffi";
import { BACKSLASH, CONTENT, NAME, NONE, QUOTE, VALUE } from "./codes";
import type { Scanner } from "./model";
import { LONGEST_TEXT, text_up_to, unescaped } from "./texts";

ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);");

const LONGEST_NAME = 64;

function end_name(scanner: Scanner, memory: Bytes, end: number): void {
    const name = text_up_to(scanner, memory, end, LONGEST_NAME);
    const fields = scanner.top!.fields!;
    const place = fields.get(name);
    scanner.place = place ?? fields.get(unescaped(name));
}

function end_value(scanner: Scanner, memory: Bytes, end: number): void {
    const begin = scanner.text_at - 1;
    const text = text_up_to(scanner, memory, end, LONGEST_TEXT);
    scanner.receiver.value(scanner.place!.name!, unescaped(text), true, begin, end + 1);
}

function end_content(scanner: Scanner, end: number): void {
    if (end > scanner.text_at || scanner.partial !== undefined) scanner.contents += 1;
    scanner.content_at = scanner.partial === undefined ? scanner.text_at : -1;
    scanner.content_end = end;
    scanner.partial = undefined;
}

/** The current string ends with the quote at `end`. */
function end_string(scanner: Scanner, memory: Bytes, end: number): void {
    const role = scanner.role;
    scanner.role = NONE;
    if (role === NAME) {
        end_name(scanner, memory, end);
        scanner.text_at = -1;
        return;
    }
    if (role === VALUE) end_value(scanner, memory, end);
    else if (role === CONTENT) end_content(scanner, end);
    scanner.text_at = -1;
}

/** Whether the bytes from `at` to before `end` end with an odd number of backslashes. The last byte is a backslash. */
function ends_escaped(memory: Bytes, at: number, end: number): boolean {
    // Nearly always there is only one, which needs no loop.
    if (end - at < 2 || memory.get(end - 2) !== BACKSLASH) return true;
    let first = end - 2;
    while (first > at && memory.get(first - 1) === BACKSLASH) first -= 1;
    return (end - first) % 2 === 1;
}

/** Continues inside a string, from `at`. Returns the place after the string, or after the part of it that was read. */
export function within_string(scanner: Scanner, memory: Bytes, at: number, limit: number): number {
    if (scanner.is_escaped) {
        scanner.is_escaped = false;
        return at + 1;
    }
    const found = ffi.C.memchr!(pointer_add(memory, at), QUOTE, limit - at) as CValue | undefined;
    if (found === undefined) {
        if (memory.get(limit - 1) === BACKSLASH) scanner.is_escaped = ends_escaped(memory, at, limit);
        return limit;
    }
    const end = pointer_difference(ffi.cast("const uint8_t *", found), memory);
    if (end > at && memory.get(end - 1) === BACKSLASH && ends_escaped(memory, at, end)) return end + 1;
    end_string(scanner, memory, end);
    return end + 1;
}
