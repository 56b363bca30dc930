/** Escapes in the strings of a text, as RFC 8785 has them (section 3.2.2.2): none but those that must be. */
import * as ffi from "ffi";
import { BEGIN_ESCAPE, BEGIN_HEX, END_ESCAPE, NAME_ESCAPE, NAME_HEX, STRING } from "../structure/states";
import type { Canonical } from "./model";
import { BEGIN_PAIR, PAIR, PAIR_U } from "./steps";
import { put } from "./text";

const BACKSLASH = 92;
const QUOTE = 34;
const SLASH = 47;
const U = 117;
const ZERO = 48;
const HEX_DIGITS = "0123456789abcdef";

/** The letters of the control characters that have one, by their codes; else 0. */
const LETTERS = ffi.new("uint8_t[32]") as unknown as Bytes;
for (const [letter, code] of pairs({ b: 8, t: 9, n: 10, f: 12, r: 13 })) LETTERS.set(code, string.byte(letter));

function put_two(json: Canonical, first: number, second: number): void {
    put(json, first);
    put(json, second);
}

function put_ascii(json: Canonical, code: number): void {
    if (code === QUOTE || code === BACKSLASH) put_two(json, BACKSLASH, code);
    else if (code >= 0x20) put(json, code);
    else if (LETTERS.get(code) !== 0) put_two(json, BACKSLASH, LETTERS.get(code));
    else {
        put_two(json, BACKSLASH, U);
        put_two(json, ZERO, ZERO);
        put_two(json, ZERO + (code >> 4), string.byte(HEX_DIGITS, (code & 15) + 1));
    }
}

/** Writes a character in UTF-8: RFC 3629, section 3. */
function put_character(json: Canonical, code: number): void {
    if (code < 0x80) return put_ascii(json, code);
    if (code < 0x800) return put_two(json, 0xc0 + (code >> 6), 0x80 + (code & 63));
    if (code < 0x10000) put(json, 0xe0 + (code >> 12));
    else put_two(json, 0xf0 + (code >> 18), 0x80 + ((code >> 12) & 63));
    put_two(json, 0x80 + ((code >> 6) & 63), 0x80 + (code & 63));
}

/** An escape of four hexadecimal digits is whole. Returns the next state. */
function end_hex(json: Canonical): number {
    const { code, high } = json;
    const is_high = code >= 0xd800 && code <= 0xdbff;
    const is_low = code >= 0xdc00 && code <= 0xdfff;
    if (is_low !== (high !== 0)) {
        json.problem = "lone_surrogate";
        return STRING;
    }
    json.high = is_high ? code : 0;
    if (is_high) return PAIR;
    put_character(json, is_low ? 0x10000 + ((high - 0xd800) << 10) + (code - 0xdc00) : code);
    return STRING;
}

/** The value of each hexadecimal digit; NO_DIGIT of any other byte. */
const DIGITS = ffi.new("uint8_t[256]") as unknown as Bytes;
const NO_DIGIT = 0x10;
ffi.fill(DIGITS, 256, NO_DIGIT);
for (const value of $range(0, 15)) {
    const digit = string.sub(HEX_DIGITS, value + 1, value + 1);
    DIGITS.set(string.byte(digit), value);
    DIGITS.set(string.byte(string.upper(digit)), value);
}

/** What an escape of one letter stands for is written with the same letter, but for the slash; else 0. */
const IS_LETTER = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const letter of ['"', "\\", "b", "f", "n", "r", "t"]) IS_LETTER.set(string.byte(letter), 1);

/**
 * Writes the escape whose backslash is at `at`, if all of it is in the piece, and it is no part of a surrogate pair. Returns how long it
 * is; 0 where it is left to `escape`. Phases: any.
 */
export function whole_escape(json: Canonical, memory: Bytes, at: number, count: number): number {
    if (at + 6 > count) return 0;
    const letter = memory.get(at + 1);
    if (IS_LETTER.get(letter) !== 0) {
        put_two(json, BACKSLASH, letter);
        return 2;
    }
    if (letter !== U) return 0;
    const first = DIGITS.get(memory.get(at + 2));
    const second = DIGITS.get(memory.get(at + 3));
    const third = DIGITS.get(memory.get(at + 4));
    const fourth = DIGITS.get(memory.get(at + 5));
    if ((first | second | third | fourth) >= NO_DIGIT) return 0;
    const code = first * 0x1000 + second * 0x100 + third * 0x10 + fourth;
    if (code >= 0xd800 && code <= 0xdfff) return 0;
    put_character(json, code);
    return 6;
}

/** A part of an escape: its byte, and what it causes. Returns the next state. Phases: any. */
export function escape(json: Canonical, byte: number, action: number): number {
    if (action === BEGIN_ESCAPE) return NAME_ESCAPE;
    if (action === BEGIN_PAIR) return PAIR_U;
    if (action === END_ESCAPE) {
        if (byte === SLASH) put(json, byte);
        else put_two(json, BACKSLASH, byte);
        return STRING;
    }
    if (action === BEGIN_HEX) {
        json.code = 0;
        json.hex_digits = 0;
        return NAME_HEX;
    }
    // Letters have bit 6, and their value less 9 in the last four bits.
    json.code = json.code * 16 + (byte & 15) + (byte >> 6) * 9;
    json.hex_digits += 1;
    return json.hex_digits < 4 ? NAME_HEX : end_hex(json);
}
