/** Finds names that an object has twice. They are compared without their escapes: RFC 8259, section 8.3. */
import * as ffi from "ffi";
import * as buffer from "string.buffer";
import { ESCAPED } from "../escapes";

export interface Names {
    /** Otherwise names are only read. */
    readonly are_compared: boolean;
    /** By depth: each name, and the last object at this depth that had it. No object needs a table of its own. */
    readonly seen: LuaTable<string, number>[];
    /** The objects that are open, by depth: each has a number. */
    readonly open: number[];
    /** How many objects there have been. */
    objects: number;
    /** Where the current name, or what follows an escape in it, begins in this piece. */
    begins: number;
    /** What comes before that. */
    readonly before: buffer.Buffer;
    /** The first half of a surrogate pair, until the second one comes; else 0. */
    high: number;
    /** What the hexadecimal digits of an escape say so far, and how many there are. */
    code: number;
    digits: number;
}

/** U+FFFD: what most readers make of half a surrogate pair. So all of these are one character here. */
const REPLACEMENT = 0xfffd;

/** The names of one text. Phases: any. */
function create(are_compared: boolean): Names {
    return {
        are_compared,
        seen: [],
        open: [],
        objects: 0,
        begins: 0,
        before: buffer.new(),
        high: 0,
        code: 0,
        digits: 0,
    };
}
export { create as new };

/** An object begins, at this depth. Phases: any. */
export function open(names: Names, depth: number): void {
    names.objects += 1;
    names.open[depth] = names.objects;
}

/** Adds a character in UTF-8: RFC 3629, section 3. */
function put(names: Names, code: number): void {
    const { before } = names;
    if (code < 0x80) before.put(string.char(code));
    else if (code < 0x800) before.put(string.char(0xc0 + (code >> 6), 0x80 + (code & 63)));
    else if (code < 0x10000)
        before.put(string.char(0xe0 + (code >> 12), 0x80 + ((code >> 6) & 63), 0x80 + (code & 63)));
    else
        before.put(
            string.char(0xf0 + (code >> 18), 0x80 + ((code >> 12) & 63), 0x80 + ((code >> 6) & 63), 0x80 + (code & 63)),
        );
}

/** No second half has come. */
function settle(names: Names): void {
    if (names.high === 0) return;
    names.high = 0;
    put(names, REPLACEMENT);
}

/** Keeps the current name up to before `end`. */
function keep(names: Names, memory: Bytes, end: number): void {
    const count = end - names.begins;
    if (count <= 0) return;
    settle(names);
    names.before.putcdata(pointer_add(memory, names.begins), count);
}

/** The current name continues in the next piece: keeps its part of this one, which ends before `end`. Phases: any. */
export function cut(names: Names, memory: Bytes, end: number): void {
    if (names.are_compared) keep(names, memory, end);
    names.begins = 0;
}

/** An escape begins at `at`. Phases: any. */
export function begin_escape(names: Names, memory: Bytes, at: number): void {
    if (names.are_compared) keep(names, memory, at);
    names.code = 0;
    names.digits = 0;
}

/** An escape of one letter ends before `end`. Phases: any. */
export function end_escape(names: Names, letter: number, end: number): void {
    names.begins = end;
    if (!names.are_compared) return;
    settle(names);
    names.before.put(string.char(ESCAPED.get(letter)));
}

/** An escape in hexadecimal digits has all four: RFC 8259, section 7. */
function put_code(names: Names): void {
    const { code, high } = names;
    if (code >= 0xdc00 && code <= 0xdfff && high !== 0) {
        names.high = 0;
        return put(names, 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00));
    }
    settle(names);
    if (code >= 0xd800 && code <= 0xdbff) names.high = code;
    else if (code >= 0xdc00 && code <= 0xdfff) put(names, REPLACEMENT);
    else put(names, code);
}

/** A hexadecimal digit of an escape, before `end`. Whether it was the last one. Phases: any. */
export function add_digit(names: Names, digit: number, end: number): boolean {
    // Letters have bit 6, and their value less 9 in the last four bits.
    names.code = names.code * 16 + (digit & 15) + (digit >> 6) * 9;
    names.digits += 1;
    if (names.digits < 4) return false;
    names.begins = end;
    if (names.are_compared) put_code(names);
    return true;
}

/** The current name, without its escapes. */
function whole(names: Names, memory: Bytes, end: number): string {
    const { before, begins } = names;
    if (length_of(before) === 0 && names.high === 0) return ffi.string(pointer_add(memory, begins), end - begins);
    keep(names, memory, end);
    settle(names);
    return before.get();
}

/** A name ends before `end`. Whether its object, at this depth, has had that name before. Phases: any. */
export function is_duplicate(names: Names, memory: Bytes, end: number, depth: number): boolean {
    if (!names.are_compared) return false;
    const name = whole(names, memory, end);
    const object = names.open[depth];
    const seen = (names.seen[depth] ??= new LuaTable<string, number>());
    if (seen.get(name) === object) return true;
    seen.set(name, object!);
    return false;
}
