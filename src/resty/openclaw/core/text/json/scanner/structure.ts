/** Follows the nesting of the JSON: the place of the next value, and whether it is wanted. */
import {
    ARRAY,
    ARRAY_END,
    BLANK,
    COLON,
    COMMA,
    CONTENT,
    NAME,
    OBJECT,
    OBJECT_END,
    QUOTE,
    UNWANTED,
    VALUE,
} from "./codes";
import type { Scanner } from "./model";
import { LONGEST_TEXT, text_up_to, word_in } from "./texts";

/** Ends the current number or word, if there is one; `end`: the place after it. */
function end_literal(scanner: Scanner, memory: Bytes, end: number): void {
    const begin = scanner.text_at;
    if (begin < 0) return;
    // Skips the blank after a colon.
    if (begin < end && scanner.partial === undefined && memory.get(begin) === BLANK) scanner.text_at = begin + 1;
    const word = word_in(text_up_to(scanner, memory, end, LONGEST_TEXT));
    scanner.text_at = -1;
    const place = scanner.place;
    if (word !== undefined && place?.name !== undefined) {
        scanner.receiver.value(place.name, word, false, begin, end);
    }
}

/** A value may begin at `at`. It may be a number or word, which begin without a mark. */
function expect_value(scanner: Scanner, at: number): void {
    if (scanner.place?.name !== undefined) scanner.text_at = at;
}

function note_content(scanner: Scanner): void {
    scanner.contents += 1;
    // It cannot be compared with others.
    scanner.content_at = -1;
}

/** An object or array begins at `at`. */
function open(scanner: Scanner, at: number, is_array: boolean): void {
    const place = scanner.place;
    if (scanner.depth === 0) scanner.values += 1;
    scanner.text_at = -1;
    scanner.partial = undefined;
    if (place?.is_content === true && place.fields === undefined && place.entries === undefined) note_content(scanner);
    if (place?.watched !== undefined) scanner.receiver.begins(place.watched, at);
    if (place === undefined || (is_array ? place.entries === undefined : place.fields === undefined)) {
        scanner.skipped = 1;
        return;
    }
    const depth = scanner.depth + 1;
    scanner.tops[depth - 1] = scanner.top;
    scanner.kinds[depth - 1] = scanner.is_array;
    scanner.depth = depth;
    scanner.top = place;
    scanner.is_array = is_array;
    scanner.place = is_array ? place.entries : undefined;
    scanner.expects_name = !is_array;
    if (is_array) expect_value(scanner, at + 1);
}

/** Sets the place of what follows a complete value. */
function after_value(scanner: Scanner): void {
    if (scanner.depth === 0) {
        scanner.place = scanner.root;
    } else {
        scanner.place = scanner.is_array ? scanner.top!.entries : undefined;
    }
}

function close(scanner: Scanner, is_array: boolean): void {
    const depth = scanner.depth;
    if (depth === 0 || scanner.is_array !== is_array) scanner.is_broken = true;
    if (depth === 0) return;
    const place = scanner.top!;
    scanner.top = scanner.tops[depth - 1];
    scanner.is_array = scanner.kinds[depth - 1]!;
    scanner.depth = depth - 1;
    scanner.expects_name = false;
    after_value(scanner);
    if (place.watched !== undefined) scanner.receiver.ends(place.watched);
}

/** A quote begins a string; `at`: the byte after it. */
function begin_string(scanner: Scanner, at: number): void {
    const place = scanner.place;
    if (scanner.depth === 0) scanner.values += 1;
    scanner.partial = undefined;
    scanner.text_at = at;
    if (scanner.expects_name) scanner.role = NAME;
    else if (place === undefined) scanner.role = UNWANTED;
    else if (place.is_content === true) scanner.role = CONTENT;
    else if (place.name !== undefined) scanner.role = VALUE;
    else scanner.role = UNWANTED;
}

/** Handles a byte with a meaning, at `at`, inside a wanted value. Phases: any. */
export function structure(scanner: Scanner, memory: Bytes, at: number, byte: number): void {
    if (byte === QUOTE) {
        begin_string(scanner, at + 1);
    } else if (byte === COLON) {
        scanner.expects_name = false;
        expect_value(scanner, at + 1);
    } else if (byte === COMMA) {
        end_literal(scanner, memory, at);
        if (scanner.is_array) {
            expect_value(scanner, at + 1);
        } else {
            scanner.expects_name = scanner.depth > 0;
            if (scanner.depth > 0) scanner.place = undefined;
        }
    } else if (byte === OBJECT || byte === ARRAY) {
        open(scanner, at, byte === ARRAY);
    } else {
        end_literal(scanner, memory, at);
        close(scanner, byte === ARRAY_END);
    }
}

/** The same inside an unwanted value. Phases: any. */
export function pass_over(scanner: Scanner, byte: number): void {
    if (byte === QUOTE) {
        scanner.role = UNWANTED;
    } else if (byte === OBJECT || byte === ARRAY) {
        scanner.skipped += 1;
    } else if (byte === OBJECT_END || byte === ARRAY_END) {
        scanner.skipped -= 1;
        if (scanner.skipped === 0) after_value(scanner);
    }
}
