/**
 * Reads wanted values out of JSON that comes in pieces, cut anywhere, in bounded memory: it follows the nesting, and keeps
 * the text of a wanted value only. Everything else is passed over. It is no validator: it notices JSON that ends too
 * early or never begins, and passes over most other mistakes.
 *
 * One flat loop, since LuaJIT compiles a loop of few turns badly: strings are passed over by `memchr`, and a byte that
 * means nothing costs a look into a table.
 */
import * as ffi from "ffi";
import { ARRAY, ARRAY_END, COLON, COMMA, CONTENT, NAME, NONE, OBJECT, OBJECT_END, QUOTE, VALUE } from "./scanner/codes";
import type { Place, Receiver, Scanner } from "./scanner/model";
import { within_string } from "./scanner/strings";
import { pass_over, structure } from "./scanner/structure";
import { keep } from "./scanner/texts";

export type { Place, Receiver, Scanner };

/** The bytes that mean something outside of strings. */
const MEANS = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of [QUOTE, OBJECT, OBJECT_END, ARRAY, ARRAY_END, COMMA, COLON]) MEANS.set(byte, 1);

/** The piece ends: what it has of a wanted text is kept. */
function end_piece(scanner: Scanner, memory: Bytes, limit: number): void {
    if (scanner.text_at < 0) return;
    const role = scanner.role;
    if (role === NONE || role === NAME || role === VALUE) keep(scanner, memory, limit);
    else if (role === CONTENT && limit > scanner.text_at) scanner.partial = "";
    scanner.text_at = 0;
}

/**
 * Reads on, from `from` up to before `limit`; bench/README.md has how long that takes. Phases: any. Never raises, whatever
 * the bytes are.
 */
export function feed(scanner: Scanner, memory: Bytes, from: number, limit: number): void {
    let at = from;
    // What goes on from the piece before begins here.
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

/** Whether there was a value and all that has begun has ended. Phases: any. */
export function is_whole(scanner: Scanner): boolean {
    return (
        scanner.values > 0 &&
        scanner.depth === 0 &&
        scanner.skipped === 0 &&
        scanner.role === NONE &&
        !scanner.is_broken
    );
}

/** Forgets what was read: the next byte begins a value. Phases: any. */
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

/** A scanner of the values that `root` and the places below it want. Phases: any. */
function create(root: Place, receiver: Receiver): Scanner {
    const scanner = { root, receiver, tops: [], kinds: [] } as unknown as Scanner;
    reset(scanner);
    return scanner;
}
export { create as new };
