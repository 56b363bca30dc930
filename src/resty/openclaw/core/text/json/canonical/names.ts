/** The order of names: by their UTF-16 code units (RFC 8785, section 3.2.3), compared as they stand in canonical JSON, in UTF-8. */
import * as ffi from "ffi";
import type { Member } from "./model";

const BACKSLASH = 92;
const U = 117;
/** The first bytes of U+E000 to U+FFFF. In UTF-16 all that is above U+FFFF comes before them, as it begins with a surrogate. */
const FIRST_BEHIND = 0xee;
const LAST_BEHIND = 0xef;
/** Moves these bytes behind 0xf4, the highest one in UTF-8. */
const BEHIND = 0x10;
/** Of a key: as many as a double holds exactly. */
const KEY_BYTES = 6;

/** What the escapes of one letter stand for. */
const LETTERS = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const [letter, byte] of pairs({ '"': 34, "\\": 92, b: 8, f: 12, n: 10, r: 13, t: 9 }))
    LETTERS.set(string.byte(letter), byte);

/** The value of a digit: letters are in lower case, and the first two digits of these escapes are zeros. */
function digit(memory: Bytes, at: number): number {
    const byte = memory.get(at);
    return byte > 57 ? byte - 87 : byte - 48;
}

/** The place in the order of the byte or the escape at `at`. */
function rank(memory: Bytes, at: number): number {
    const byte = memory.get(at);
    if (byte === BACKSLASH) {
        const letter = memory.get(at + 1);
        return letter === U ? digit(memory, at + 4) * 16 + digit(memory, at + 5) : LETTERS.get(letter);
    }
    return byte >= FIRST_BEHIND && byte <= LAST_BEHIND ? byte + BEHIND : byte;
}

const RANKS = ffi.new("uint8_t[256]") as unknown as Bytes;
for (const byte of $range(0, 255))
    RANKS.set(byte, byte === FIRST_BEHIND || byte === LAST_BEHIND ? byte + BEHIND : byte);

/** Of a name with escapes at its beginning, as `key_of`. */
function key_with_escapes(memory: Bytes, begins: number, bytes: number): number {
    let key = 0;
    let at = 0;
    for (const _ of $range(1, KEY_BYTES)) {
        key = key * 256 + (at < bytes ? rank(memory, begins + at) : 0);
        if (memory.get(begins + at) !== BACKSLASH) at += 1;
        else at += memory.get(begins + at + 1) === U ? 6 : 2;
    }
    return key;
}

function has_backslash(four: number): boolean {
    const backslashes = four ^ 0x5c5c5c5c;
    return ((backslashes - 0x01010101) & ~backslashes & 0x80808080) !== 0;
}

/**
 * The places of the first six characters of a name in the order, as one number: the lower one of two comes first, and two that are the
 * same say nothing. There must be eight bytes after the name, which become zero. Phases: any.
 */
export function key_of(memory: Bytes, begins: number, bytes: number): number {
    const after = ffi.cast("int32_t *", pointer_add(memory, begins + bytes));
    after.set(0, 0);
    after.set(1, 0);
    const first = ffi.cast("const int32_t *", pointer_add(memory, begins)).get(0);
    const second = ffi.cast("const int32_t *", pointer_add(memory, begins + 2)).get(0);
    if (has_backslash(first) || has_backslash(second)) return key_with_escapes(memory, begins, bytes);
    const front = RANKS.get(memory.get(begins)) * 0x10000 + RANKS.get(memory.get(begins + 1)) * 0x100;
    const middle = RANKS.get(memory.get(begins + 2)) * 0x10000 + RANKS.get(memory.get(begins + 3)) * 0x100;
    const back = RANKS.get(memory.get(begins + 4)) * 0x100 + RANKS.get(memory.get(begins + 5));
    return front * 0x1000000 + middle * 0x100 + back;
}

/**
 * Whether a name of an object comes before another one (less than 0), is the same (0), or comes after it. Both are canonical.
 * Phases: any.
 */
export function compare(memory: Bytes, left: Member, right: Member): number {
    if (left.key !== right.key) return left.key - right.key;
    const left_begins = left.begins + 1;
    const right_begins = right.begins + 1;
    const common = math.min(left.name_bytes, right.name_bytes);
    let at = 0;
    while (at < common) {
        const byte = memory.get(left_begins + at);
        if (byte !== memory.get(right_begins + at) || byte === BACKSLASH) {
            const difference = rank(memory, left_begins + at) - rank(memory, right_begins + at);
            if (difference !== 0) return difference;
            // Two escapes that are the same: what follows the backslash is compared as if it were none.
            at += 1;
        }
        at += 1;
    }
    return left.name_bytes - right.name_bytes;
}
