/**
 * Base64 (RFC 4648) from memory to memory, in linear time. It is written here and not taken from libcrypto: a plain LuaJIT process has
 * none, its decoder knows neither the other alphabet nor line ends, and these loops take some nanoseconds for four letters.
 */
import * as ffi from "ffi";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 61;

/** What a byte stands for: 0 to 63, or less than 0. All of these are less than 0 in every sum of shifted values, too. */
const NO_LETTER = -1;
const BLANK = -2;
const VALUES = ffi.new("int8_t[256]") as unknown as Doubles;
for (const byte of $range(0, 255)) VALUES.set(byte, NO_LETTER);
for (const place of $range(1, LETTERS.length)) VALUES.set(string.byte(LETTERS, place), place - 1);
/** RFC 4648, section 5. */
VALUES.set(string.byte("-"), 62);
VALUES.set(string.byte("_"), 63);
for (const place of $range(1, 4)) VALUES.set(string.byte(" \t\r\n", place), BLANK);

/** The two letters for each 12 bits, in the order of this machine. Not a cast of the bytes: that would not keep them. */
const PAIRS = ffi.new("uint16_t[4096]") as unknown as Doubles;
const letters_of_pairs = ffi.cast("uint8_t *", PAIRS);
for (const value of $range(0, 4095)) {
    letters_of_pairs.set(2 * value, string.byte(LETTERS, (value >> 6) + 1));
    letters_of_pairs.set(2 * value + 1, string.byte(LETTERS, (value & 63) + 1));
}

/** How many letters so many bytes take, padding included. Phases: any. */
export function letters_of(bytes: number): number {
    return math.ceil(bytes / 3) * 4;
}

/** How many bytes so many letters may be, at most. Phases: any. */
export function most_bytes_of(letters: number): number {
    return math.ceil(letters / 4) * 3;
}

/** Writes the bytes in the standard alphabet with padding; the target has room for `letters_of`. Phases: any. */
export function encode(source: Bytes, count: number, target: Bytes): void {
    const whole = count - (count % 3);
    const pairs_of_target = ffi.cast("uint16_t *", target) as unknown as Doubles;
    let written = 0;
    for (const at of $range(0, whole - 1, 3)) {
        const second = source.get(at + 1);
        pairs_of_target.set(written, PAIRS.get((source.get(at) << 4) | (second >> 4)));
        pairs_of_target.set(written + 1, PAIRS.get(((second & 15) << 8) | source.get(at + 2)));
        written += 2;
    }
    if (whole === count) return;
    const first = source.get(whole);
    const second = whole + 1 < count ? source.get(whole + 1) : 0;
    pairs_of_target.set(written, PAIRS.get((first << 4) | (second >> 4)));
    pairs_of_target.set(written + 1, PAIRS.get((second & 15) << 8));
    target.set(2 * written + 3, PADDING);
    if (whole + 1 === count) target.set(2 * written + 2, PADDING);
}

/** Decodes groups of four letters from `at` on, until one has another byte in it. Returns the place of that, or of the rest. */
function decode_plain(source: Bytes, at: number, count: number, target: Bytes, written: number): number {
    while (at + 4 <= count) {
        const value =
            (VALUES.get(source.get(at)) << 18) |
            (VALUES.get(source.get(at + 1)) << 12) |
            (VALUES.get(source.get(at + 2)) << 6) |
            VALUES.get(source.get(at + 3));
        if (value < 0) return at;
        target.set(written, value >> 16);
        target.set(written + 1, value >> 8);
        target.set(written + 2, value);
        written += 3;
        at += 4;
    }
    return at;
}

/** Whether nothing follows from `at` on but so many signs of padding, or none, and blanks. */
function is_end(source: Bytes, at: number, count: number, padding: number): boolean {
    let left = padding;
    while (at < count) {
        const byte = source.get(at);
        if (byte === PADDING) left -= 1;
        else if (VALUES.get(byte) !== BLANK) return false;
        at += 1;
    }
    return left === 0 || left === padding;
}

/**
 * Decodes letters of either alphabet, with padding or without, with blanks and line ends anywhere. Returns how many bytes were written to
 * the target, which has room for `most_bytes_of`; -1 if it is no base64. Each letter is looked at twice at most. Phases: any.
 */
export function decode(source: Bytes, count: number, target: Bytes): number {
    let at = 0;
    let written = 0;
    while (at < count) {
        const next = decode_plain(source, at, count, target, written);
        written += ((next - at) / 4) * 3;
        at = next;
        // One group that has something between its letters, or is the last one.
        let value = 0;
        let letters = 0;
        let its_value = 0;
        while (at < count && letters < 4 && its_value !== NO_LETTER) {
            its_value = VALUES.get(source.get(at));
            if (its_value >= 0) {
                value = (value << 6) | its_value;
                letters += 1;
            }
            if (its_value !== NO_LETTER) at += 1;
        }
        if (letters === 4) {
            target.set(written, value >> 16);
            target.set(written + 1, value >> 8);
            target.set(written + 2, value);
            written += 3;
        } else {
            if (letters === 1 || !is_end(source, at, count, letters === 0 ? 0 : 4 - letters)) return -1;
            if (letters === 3) target.set(written + 1, value >> 2);
            if (letters > 0) target.set(written, letters === 3 ? value >> 10 : value >> 4);
            return letters === 0 ? written : written + letters - 1;
        }
    }
    return written;
}
