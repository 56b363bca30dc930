/**
 * Finds wanted values in JSON that arrives in pieces of any size, in bounded memory: it follows the nesting, keeps the text of
 * wanted values, and skips everything else. It does not validate: it detects JSON that is incomplete or empty, and ignores most
 * other mistakes.
 *
 * It is one flat loop, because LuaJIT compiles loops with few iterations badly. `memchr` skips strings, and a byte without a
 * meaning costs one table look-up.
 */
import * as ffi from "ffi";
import { ARRAY, ARRAY_END, COLON, COMMA, CONTENT, NAME, NONE, OBJECT, OBJECT_END, QUOTE, VALUE } from "./scanner/codes";
import type { Place, Receiver, Scanner } from "./scanner/model";
import { within_string } from "./scanner/strings";
import { pass_over, structure } from "./scanner/structure";
import { keep } from "./scanner/texts";

export type { Place, Receiver, Scanner };

/** The bytes that have a meaning outside of strings. */
const MEANS = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of [QUOTE, OBJECT, OBJECT_END, ARRAY, ARRAY_END, COMMA, COLON]) MEANS.set(byte, 1);

/** At the end of a piece: keeps its part of a wanted text. */
function end_piece(scanner: Scanner, memory: Bytes, limit: number): void {
    if (scanner.text_at < 0) return;
    const role = scanner.role;
    if (role === NONE || role === NAME || role === VALUE) keep(scanner, memory, limit);
    else if (role === CONTENT && limit > scanner.text_at) scanner.partial = "";
    scanner.text_at = 0;
}

/**
 * Reads the bytes from `from` up to before `limit`; bench/README.md has the time that this takes. Phases: any. Never raises,
 * whatever the bytes are.
 */
export function feed(scanner: Scanner, memory: Bytes, from: number, limit: number): void {
    let at = from;
    // A text that continues from the piece before begins here.
    if (scanner.text_at >= 0) scanner.text_at = from;
    while (at < limit) {
        if (scanner.role !== NONE) {
            at = within_string(scanner, memory, at, limit);
        } else {
            const byte = memory.get(at);
            if (MEANS.get(byte) !== 0) {
                if (scanner.skipped > 0) pass_over(scanner, byte);
                else structure(scanner, memory, at, byte);
            }
            at += 1;
        }
    }
    end_piece(scanner, memory, limit);
}

/** Whether there was a value, and all objects, arrays and strings have ended. Phases: any. */
export function is_whole(scanner: Scanner): boolean {
    return (
        scanner.values > 0 &&
        scanner.depth === 0 &&
        scanner.skipped === 0 &&
        scanner.role === NONE &&
        !scanner.is_broken
    );
}

/** Resets the scanner: the next byte begins a value. Phases: any. */
export function reset(scanner: Scanner): void {
    scanner.top = undefined;
    scanner.is_array = false;
    scanner.depth = 0;
    scanner.skipped = 0;
    scanner.place = scanner.root;
    scanner.expects_name = false;
    scanner.role = NONE;
    scanner.is_escaped = false;
    scanner.text_at = -1;
    scanner.partial = undefined;
    scanner.values = 0;
    scanner.is_broken = false;
    scanner.contents = 0;
    scanner.content_at = -1;
    scanner.content_end = -1;
}

/** A scanner for the values that are wanted at `root` and the places below it. Phases: any. */
function create(root: Place, receiver: Receiver): Scanner {
    const scanner = { root, receiver, tops: [], kinds: [] } as unknown as Scanner;
    reset(scanner);
    return scanner;
}
export { create as new };
