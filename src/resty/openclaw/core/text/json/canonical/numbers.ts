/**
 * Numbers as ECMAScript prints them (ECMA-262, Number::toString; RFC 8785, section 3.2.2.3): the fewest digits from which the same double
 * is read. A decimal of up to 15 digits is that already, so most numbers are never made doubles.
 */
import * as ffi from "ffi";

// Not by LuaJIT's own functions: with exponents of hundreds, each of these takes 30 microseconds, and they round ties up, not to even.
// Names of our own, so that other libraries' declarations of the same functions are of no matter. Source: gcvt(3), strtod(3).
ffi.cdef('char *openclaw_gcvt(double value, int digits, char *text) __asm__("gcvt");');
ffi.cdef('double openclaw_strtod(const char *text, char **end) __asm__("strtod");');

/** Longer spellings are refused: no program writes them, and reading them takes time. */
export const MOST_BYTES = 256;
/** The longest text that `write` leaves: a sign, 17 digits, "0.00000" or an exponent. */
export const LONGEST_TEXT = 32;

/** Any decimal of so many digits is found again in the double that is closest to it. */
const SURE_DIGITS = 15;
const LONG_DIGITS = 16;
const MOST_DIGITS = 17;
/** Within these exponents doubles have all of their digits: from 2.2e-308 to 1.7e308. */
const SURE_EXPONENT = 290;
/** Below it doubles have fewer digits. */
const LEAST_NORMAL = 2.2250738585072014e-308;

/** Why a number has no canonical text: it is longer or larger than may be, or a whole number that no double is. */
export type Problem = "number_too_long" | "number_too_large" | "number_not_exact";

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const PLUS = 43;
const BIG_E = 69;
const SMALL_E = 101;

/** A number that is being written: 0.<digits> times ten to the power of `exponent`. One for the worker: never in use over a yield. */
const digits = ffi.new("uint8_t[?]", MOST_BYTES) as unknown as Bytes;
const decimal = { is_negative: false, count: 0, exponent: 0 };

/** What the C library writes, and where it has stopped to read. */
const text = ffi.new("uint8_t[64]") as unknown as Bytes;
const stopped = ffi.new("uint8_t *[1]") as unknown as LuaTable<number, Bytes>;

/** For a look at the bits of a double. */
const double = ffi.new("double[1]") as unknown as Doubles;
const words = ffi.cast("const int32_t *", double);
const LOW_WORD = ffi.abi("le") ? 0 : 1;

/** The exponent that begins at `at`; numbers over 9999 are no matter. */
function read_exponent(memory: Bytes, at: number, end: number): number {
    const sign = memory.get(at);
    if (sign === MINUS || sign === PLUS) at += 1;
    let exponent = 0;
    while (at < end) {
        exponent = math.min(exponent * 10 + memory.get(at) - ZERO, 9999);
        at += 1;
    }
    return sign === MINUS ? -exponent : exponent;
}

/** Reads a number of JSON into `decimal`, without zeros around its digits; returns whether it has no fraction and no exponent. */
function read(memory: Bytes, at: number, end: number): boolean {
    const is_negative = memory.get(at) === MINUS;
    let count = 0;
    let exponent = 0;
    let without_zeros = 0;
    let has_point = false;
    let read_to = is_negative ? at + 1 : at;
    while (read_to < end) {
        const byte = memory.get(read_to);
        if (byte >= ZERO && byte <= NINE) {
            if (byte !== ZERO || count > 0) {
                digits.set(count, byte);
                count += 1;
                if (byte !== ZERO) without_zeros = count;
                if (!has_point) exponent += 1;
            } else if (has_point) exponent -= 1;
        } else if (byte === BIG_E || byte === SMALL_E) break;
        // A point, or what the C library writes for one in the process' locale.
        else has_point = true;
        read_to += 1;
    }
    const has_exponent = read_to < end;
    if (has_exponent) exponent += read_exponent(memory, read_to + 1, end);
    decimal.is_negative = is_negative;
    decimal.count = without_zeros;
    decimal.exponent = exponent;
    return !has_point && !has_exponent;
}

/** Each of these writes a part of the number to `at`, and returns the place after it. */
function put_digits(memory: Bytes, at: number, from: number, count: number): number {
    ffi.copy(pointer_add(memory, at), pointer_add(digits, from), count);
    return at + count;
}

function put_zeros(memory: Bytes, at: number, count: number): number {
    ffi.fill(pointer_add(memory, at), count, ZERO);
    return at + count;
}

function put_byte(memory: Bytes, at: number, byte: number): number {
    memory.set(at, byte);
    return at + 1;
}

function put_exponent(memory: Bytes, at: number, exponent: number): number {
    at = put_byte(memory, at, SMALL_E);
    at = put_byte(memory, at, exponent < 0 ? MINUS : PLUS);
    const places = tostring(math.abs(exponent));
    ffi.copy(pointer_add(memory, at), places, places.length);
    return at + places.length;
}

/** ECMA-262, Number::toString, with its bounds: 21 digits before the point, six zeros after it. */
function put(memory: Bytes, at: number): number {
    const { count, exponent } = decimal;
    if (count === 0) return put_byte(memory, at, ZERO);
    if (decimal.is_negative) at = put_byte(memory, at, MINUS);
    if (exponent > 0 && exponent <= 21) {
        at = put_digits(memory, at, 0, math.min(count, exponent));
        if (count <= exponent) return put_zeros(memory, at, exponent - count);
        at = put_byte(memory, at, POINT);
        return put_digits(memory, at, exponent, count - exponent);
    }
    if (exponent <= 0 && exponent > -6) {
        at = put_byte(memory, at, ZERO);
        at = put_byte(memory, at, POINT);
        at = put_zeros(memory, at, -exponent);
        return put_digits(memory, at, 0, count);
    }
    at = put_digits(memory, at, 0, 1);
    if (count > 1) {
        at = put_byte(memory, at, POINT);
        at = put_digits(memory, at, 1, count - 1);
    }
    return put_exponent(memory, at, exponent - 1);
}

/** The double that a text stands for, which ends with a zero byte. */
function double_of(memory: Bytes, at: number): number {
    return ffi.C.openclaw_strtod!(pointer_add(memory, at), stopped) as number;
}

/** Leaves a positive double in `decimal`, with so many digits. Whether the same one is read from these. */
function round(value: number, count: number): boolean {
    ffi.C.openclaw_gcvt!(value, count, text);
    const is_same = double_of(text, 0) === value;
    read(text, 0, pointer_difference(stopped.get(0), text));
    return is_same;
}

function is_power_of_two(value: number): boolean {
    double.set(0, value);
    return words.get(LOW_WORD) === 0 && (words.get(1 - LOW_WORD) & 0xfffff) === 0;
}

/**
 * Below a power of two doubles are closer together than above it. So the decimal that is closest may belong to the double below,
 * while the next one up is still read as this one. Makes `decimal` the next one of 16 digits; whether that is so. (If that ended with a
 * zero, it would have 15 digits, and have been found.)
 */
function round_up(value: number): boolean {
    put_zeros(digits, decimal.count, LONG_DIGITS - decimal.count);
    decimal.count = LONG_DIGITS;
    if (digits.get(LONG_DIGITS - 1) === NINE) return false;
    digits.set(LONG_DIGITS - 1, digits.get(LONG_DIGITS - 1) + 1);
    text.set(put(text, 0), 0);
    return double_of(text, 0) === value;
}

/** Leaves the shortest decimal of a positive double in `decimal`. */
function find_shortest(value: number): void {
    if (value < LEAST_NORMAL) {
        for (const count of $range(1, SURE_DIGITS - 1)) if (round(value, count)) return;
    }
    if (value < LEAST_NORMAL || is_power_of_two(value)) {
        if (!round(value, SURE_DIGITS) && !round(value, LONG_DIGITS) && !round_up(value)) round(value, MOST_DIGITS);
        return;
    }
    // Where 16 digits are too few, 15 are as well.
    if (!round(value, LONG_DIGITS)) round(value, MOST_DIGITS);
    else if (!round(value, SURE_DIGITS)) round(value, LONG_DIGITS);
}

/** Makes `decimal`, read from the bytes from `at` on, the shortest one of its double. Why there is none, or nothing. */
function shorten(memory: Bytes, at: number, end: number): Problem | undefined {
    const { is_negative } = decimal;
    memory.set(end, 0);
    const value = math.abs(double_of(memory, at));
    if (value === math.huge) return "number_too_large";
    // In a locale that writes another point.
    if (pointer_difference(stopped.get(0), memory) !== end) return "number_not_exact";
    if (value === 0) decimal.count = 0;
    else find_shortest(value);
    decimal.is_negative = is_negative;
    return undefined;
}

/** Whether the digits of `decimal` are those that the text, a whole number, begins with; zeros follow in both. */
function are_digits_of(memory: Bytes, at: number, end: number): boolean {
    const first = memory.get(at) === MINUS ? at + 1 : at;
    if (end - first !== decimal.exponent) return false;
    for (const place of $range(0, decimal.exponent - 1)) {
        const digit = place < decimal.count ? digits.get(place) : ZERO;
        if (memory.get(first + place) !== digit) return false;
    }
    return true;
}

/**
 * Replaces a number of JSON, the bytes from `at` to before `end`, by its canonical text, for which LONGEST_TEXT bytes have to be there,
 * and one after `end`.
 * Returns the place after it, or nil and why there is none. Many readers keep whole numbers of any length exactly, so that those which
 * a double would change mean something else to them: there is no text for these. Phases: any.
 */
export function write(
    memory: Bytes,
    at: number,
    end: number,
): LuaMultiReturn<[end: number, problem?: undefined] | [end: undefined, problem: Problem]> {
    if (end - at > MOST_BYTES) return $multi(undefined, "number_too_long");
    const is_whole = read(memory, at, end);
    const { exponent } = decimal;
    if (decimal.count > SURE_DIGITS || exponent > SURE_EXPONENT || exponent < -SURE_EXPONENT) {
        const problem = shorten(memory, at, end);
        if (problem !== undefined) return $multi(undefined, problem);
        if (is_whole && !are_digits_of(memory, at, end)) return $multi(undefined, "number_not_exact");
    }
    return $multi(put(memory, at));
}
