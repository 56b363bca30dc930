/** The order of names: by their UTF-16 code units (RFC 8785, section 3.2.3), compared as they stand in canonical JSON, in UTF-8. */
import * as ffi from "ffi";

const BACKSLASH = 92;
const U = 117;
/** The first bytes of U+E000 to U+FFFF. In UTF-16 all that is above U+FFFF comes before them, as it begins with a surrogate. */
const FIRST_BEHIND = 0xee;
const LAST_BEHIND = 0xef;
/** Moves these bytes behind 0xf4, the highest one in UTF-8. */
const BEHIND = 0x10;

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

/**
 * Whether the name at `left` comes before that at `right` (less than 0), is the same (0), or comes after it. Both are canonical, and in
 * the same memory. Phases: any.
 */
export function compare(memory: Bytes, left: number, left_bytes: number, right: number, right_bytes: number): number {
    const common = math.min(left_bytes, right_bytes);
    let at = 0;
    while (at < common) {
        const byte = memory.get(left + at);
        if (byte !== memory.get(right + at) || byte === BACKSLASH) {
            const difference = rank(memory, left + at) - rank(memory, right + at);
            if (difference !== 0) return difference;
            // Two escapes that are the same: what follows the backslash is compared as if it were none.
            at += 1;
        }
        at += 1;
    }
    return left_bytes - right_bytes;
}
