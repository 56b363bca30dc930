/**
 * The table of `structure`, changed for a reader that writes what it reads: blanks are left out, numbers are noted where they begin,
 * members where they end, and all strings follow one row. What is below `FIRST_ACTION` is a state, and its byte is written as it is.
 */
import * as ffi from "ffi";
import {
    AFTER_ENTRY,
    AFTER_MEMBER,
    BEGIN_ESCAPE,
    BEGIN_HEX,
    FIRST_ACTION,
    FIRST_ENTRY,
    NEXT as STRICT,
    STRING,
    VALUE,
} from "../structure/states";

/** The second half of a surrogate pair is expected: its backslash, and its "u". The states of `structure` end before. */
export const PAIR = 50;
export const PAIR_U = 51;

/** More actions; those of `structure` end before. */
export const BLANK = 78;
export const BEGIN_NUMBER = 79;
export const NEXT_MEMBER = 80;
export const BEGIN_PAIR = 81;

const STATES = FIRST_ACTION;

/** What comes next, at `state * 256 + byte`. */
export const NEXT = ffi.new("uint8_t[?]", STATES * 256) as unknown as Bytes;
for (const at of $range(0, STATES * 256 - 1)) NEXT.set(at, STRICT.get(at));

function on(state: number, bytes: string, to: number): void {
    for (const at of $range(1, bytes.length)) NEXT.set(state * 256 + string.byte(bytes, at), to);
}

for (const state of $range(VALUE, AFTER_ENTRY)) on(state, " \t\n\r", BLANK);
for (const state of [VALUE, FIRST_ENTRY]) on(state, "-0123456789", BEGIN_NUMBER);
on(AFTER_MEMBER, ",", NEXT_MEMBER);
on(STRING, "\\", BEGIN_ESCAPE);
on(PAIR, "\\", BEGIN_PAIR);
on(PAIR_U, "u", BEGIN_HEX);
