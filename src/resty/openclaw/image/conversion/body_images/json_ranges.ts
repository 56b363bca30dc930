/**
 * Walks through JSON in memory and tells where its members and values stand. The JSON is valid: it was checked before, and nothing is
 * checked here. A value is stepped over without looking at what it means; each byte is looked at once for each object or array on the way
 * to what is wanted, of which there are six at most.
 */
import * as ffi from "ffi";
import * as c_memory from "../../../core/memory/c_memory";

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const BACKSLASH = 92;
const OBJECT = 123;
const OBJECT_END = 125;
const ARRAY = 91;
const ARRAY_END = 93;

/** Blanks, and what may follow a number or a word. */
const IS_BLANK = ffi.new("uint8_t[256]") as unknown as Bytes;
const ENDS_WORD = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const place of $range(1, 4)) {
    IS_BLANK.set(string.byte(" \t\n\r", place), 1);
    ENDS_WORD.set(string.byte(" \t\n\r", place), 1);
}
for (const byte of [COMMA, OBJECT_END, ARRAY_END]) ENDS_WORD.set(byte, 1);

/** A member or an entry: where its name, without the quotes, and its value stand. */
export interface Cursor {
    readonly memory: Bytes;
    readonly limit: number;
    name_from: number;
    name_count: number;
    /** The value, which ends before `end`. */
    from: number;
    end: number;
}

function skip_blanks(memory: Bytes, at: number, limit: number): number {
    while (at < limit && IS_BLANK.get(memory.get(at)) !== 0) at += 1;
    return at;
}

/** The place of the quote that ends a string, from `at` on within it. Backslashes are counted once: a run of them is before one quote. */
function end_of_string(memory: Bytes, at: number, limit: number): number {
    let quote = c_memory.find_byte(memory, at, limit, QUOTE);
    let first = quote;
    while (quote < limit) {
        while (first > at && memory.get(first - 1) === BACKSLASH) first -= 1;
        if ((quote - first) % 2 === 0) return quote;
        at = quote + 1;
        quote = c_memory.find_byte(memory, at, limit, QUOTE);
        first = quote;
    }
    return limit;
}

/** The place after the value that begins at `at`. */
function end_of_value(memory: Bytes, at: number, limit: number): number {
    let depth = 0;
    while (at < limit) {
        const byte = memory.get(at);
        if (byte === QUOTE) at = end_of_string(memory, at + 1, limit);
        else if (byte === OBJECT || byte === ARRAY) depth += 1;
        else if (byte === OBJECT_END || byte === ARRAY_END) depth -= 1;
        at += 1;
        const is_over = byte === QUOTE || byte === OBJECT_END || byte === ARRAY_END;
        if (depth === 0 && (is_over || at === limit || ENDS_WORD.get(memory.get(at)) !== 0)) return at;
    }
    return limit;
}

/** The place of the first value. Phases: any. */
export function first_value(memory: Bytes, limit: number): number {
    return skip_blanks(memory, 0, limit);
}

/** Whether the value at `at` is an object, an array, a string. Phases: any. */
export function is_object(memory: Bytes, at: number): boolean {
    return memory.get(at) === OBJECT;
}

/** As `is_object`. Phases: any. */
export function is_array(memory: Bytes, at: number): boolean {
    return memory.get(at) === ARRAY;
}

/** As `is_object`. Phases: any. */
export function is_string(memory: Bytes, at: number): boolean {
    return memory.get(at) === QUOTE;
}

/** A cursor before the first member or entry of the object or array that begins at `at`, and ends before `limit`. Phases: any. */
export function enter(memory: Bytes, at: number, limit: number): Cursor {
    return { memory, limit, name_from: at, name_count: 0, from: at, end: at + 1 };
}

/** Goes on to the next entry of an array. False after the last one. Phases: any. */
export function next_entry(cursor: Cursor): boolean {
    const { memory, limit } = cursor;
    let at = skip_blanks(memory, cursor.end, limit);
    if (at < limit && memory.get(at) === COMMA) at = skip_blanks(memory, at + 1, limit);
    if (at >= limit || memory.get(at) === ARRAY_END || memory.get(at) === OBJECT_END) return false;
    cursor.from = at;
    cursor.end = end_of_value(memory, at, limit);
    return true;
}

/** Goes on to the next member of an object. False after the last one. Phases: any. */
export function next_member(cursor: Cursor): boolean {
    const { memory, limit } = cursor;
    if (!next_entry(cursor)) return false;
    // What stands there is the name.
    cursor.name_from = cursor.from + 1;
    cursor.name_count = cursor.end - 1 - cursor.name_from;
    const colon = skip_blanks(memory, cursor.end, limit);
    cursor.from = skip_blanks(memory, memory.get(colon) === COLON ? colon + 1 : colon, limit);
    cursor.end = end_of_value(memory, cursor.from, limit);
    return true;
}
