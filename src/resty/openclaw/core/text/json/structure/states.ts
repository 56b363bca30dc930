/**
 * The grammar of JSON (RFC 8259) and the well-formed bytes of UTF-8 (RFC 3629, section 4) as one table: what comes next, by the
 * state and the byte. Numbers from `FIRST_ACTION` are no states but say that something is to be done.
 */
import * as ffi from "ffi";

/** A value is expected; the same at the beginning of an array, which may also end. */
export const VALUE = 1;
export const FIRST_ENTRY = 2;
/** A name is expected; the same at the beginning of an object, which may also end. */
export const NEXT_NAME = 3;
export const FIRST_NAME = 4;
export const COLON = 5;
/** After a value: at the top level, in an object, in an array. */
export const AFTER_TEXT = 6;
export const AFTER_MEMBER = 7;
export const AFTER_ENTRY = 8;
/** In a string that is a value, and in a name. Each has 7 more states for the rest of a character. */
export const STRING = 9;
export const NAME = 17;
export const NAME_END = 25;
const ESCAPE = 25;
const HEX_1 = 26;
const HEX_4 = 29;
export const NAME_ESCAPE = 30;
export const NAME_HEX = 31;
/** Parts of a number; it may end in `ZERO`, `WHOLE`, `FRACTION` and `EXPONENT`. */
const MINUS = 32;
export const ZERO = 33;
export const WHOLE = 34;
const POINT = 35;
export const FRACTION = 36;
const E = 37;
const E_SIGN = 38;
export const EXPONENT = 39;
/** The letters of true, false and null: a state each. */
const WORDS = 40;

export const FIRST_ACTION = 64;
export const NO_JSON = 64;
export const END_STRING = 65;
export const BEGIN_NAME = 66;
export const END_NAME = 67;
export const END_NUMBER = 68;
export const OPEN_OBJECT = 69;
export const OPEN_ARRAY = 70;
export const CLOSE_OBJECT = 71;
export const CLOSE_ARRAY = 72;
export const END_WORD = 73;
export const BEGIN_ESCAPE = 74;
export const END_ESCAPE = 75;
export const BEGIN_HEX = 76;
export const HEX_DIGIT = 77;

const STATES = 64;

/** What comes next, at `state * 256 + byte`. */
export const NEXT = ffi.new("uint8_t[?]", STATES * 256) as unknown as Bytes;
for (const at of $range(0, STATES * 256 - 1)) NEXT.set(at, NO_JSON);

function on_range(state: number, first: number, last: number, to: number): void {
    for (const byte of $range(first, last)) NEXT.set(state * 256 + byte, to);
}

function on(state: number, bytes: string, to: number): void {
    for (const at of $range(1, bytes.length)) on_range(state, string.byte(bytes, at), string.byte(bytes, at), to);
}

/** The characters of a string. The bytes that continue a character: RFC 3629, section 4. */
function characters(state: number, end: number, escape: number): void {
    const [last, last_two, last_three, after_e0, after_ed, after_f0, after_f4] = [1, 2, 3, 4, 5, 6, 7];
    on_range(state, 0x20, 0x7f, state);
    on(state, '"', end);
    on(state, "\\", escape);
    on_range(state, 0xc2, 0xdf, state + last);
    on_range(state, 0xe1, 0xef, state + last_two);
    on_range(state, 0xe0, 0xe0, state + after_e0);
    on_range(state, 0xed, 0xed, state + after_ed);
    on_range(state, 0xf0, 0xf0, state + after_f0);
    on_range(state, 0xf1, 0xf3, state + last_three);
    on_range(state, 0xf4, 0xf4, state + after_f4);
    on_range(state + last, 0x80, 0xbf, state);
    on_range(state + last_two, 0x80, 0xbf, state + last);
    on_range(state + last_three, 0x80, 0xbf, state + last_two);
    on_range(state + after_e0, 0xa0, 0xbf, state + last);
    on_range(state + after_ed, 0x80, 0x9f, state + last);
    on_range(state + after_f0, 0x90, 0xbf, state + last_two);
    on_range(state + after_f4, 0x80, 0x8f, state + last_two);
}

function word(first_state: number, letters: string): void {
    for (const at of $range(2, letters.length)) {
        const to = at === letters.length ? END_WORD : first_state + at - 1;
        on(first_state + at - 2, string.sub(letters, at, at), to);
    }
}

const DIGITS = "0123456789";
const HEX_DIGITS = "0123456789abcdefABCDEF";
const BLANKS = " \t\n\r";

for (const state of [VALUE, FIRST_ENTRY]) {
    on(state, '"', STRING);
    on(state, "{", OPEN_OBJECT);
    on(state, "[", OPEN_ARRAY);
    on(state, "-", MINUS);
    on(state, "0", ZERO);
    on(state, "123456789", WHOLE);
    on(state, "t", WORDS);
    on(state, "f", WORDS + 3);
    on(state, "n", WORDS + 7);
}
for (const state of $range(VALUE, AFTER_ENTRY)) on(state, BLANKS, state);
on(FIRST_ENTRY, "]", CLOSE_ARRAY);
on(FIRST_NAME, "}", CLOSE_OBJECT);
on(FIRST_NAME, '"', BEGIN_NAME);
on(NEXT_NAME, '"', BEGIN_NAME);
on(COLON, ":", VALUE);
on(AFTER_MEMBER, ",", NEXT_NAME);
on(AFTER_MEMBER, "}", CLOSE_OBJECT);
on(AFTER_ENTRY, ",", VALUE);
on(AFTER_ENTRY, "]", CLOSE_ARRAY);

characters(STRING, END_STRING, ESCAPE);
on(ESCAPE, '"\\/bfnrt', STRING);
on(ESCAPE, "u", HEX_1);
for (const state of $range(HEX_1, HEX_4)) on(state, HEX_DIGITS, state === HEX_4 ? STRING : state + 1);

characters(NAME, END_NAME, BEGIN_ESCAPE);
on(NAME_ESCAPE, '"\\/bfnrt', END_ESCAPE);
on(NAME_ESCAPE, "u", BEGIN_HEX);
on(NAME_HEX, HEX_DIGITS, HEX_DIGIT);

on(MINUS, "0", ZERO);
on(MINUS, "123456789", WHOLE);
on(WHOLE, DIGITS, WHOLE);
on(POINT, DIGITS, FRACTION);
on(FRACTION, DIGITS, FRACTION);
on(E, "+-", E_SIGN);
on(E, DIGITS, EXPONENT);
on(E_SIGN, DIGITS, EXPONENT);
on(EXPONENT, DIGITS, EXPONENT);
on(ZERO, ".", POINT);
on(WHOLE, ".", POINT);
for (const state of [ZERO, WHOLE, FRACTION]) on(state, "eE", E);
for (const state of [ZERO, WHOLE, FRACTION, EXPONENT]) on(state, `${BLANKS},]}`, END_NUMBER);

word(WORDS, "true");
word(WORDS + 3, "false");
word(WORDS + 7, "null");
