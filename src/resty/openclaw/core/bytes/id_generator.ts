/**
 * Ids of requests, unique, and impossible to guess for who has seen none: 128 bits in hexadecimal digits. `$request_id` asks
 * OpenSSL for every one, which costs a system call and some microseconds. Here the system gives a worker its seed, once; a
 * generator does the rest. Who has seen several ids can compute the next ones: they are no secrets.
 *
 * Source: xoshiro128++ 1.0 by David Blackman and Sebastiano Vigna, with all bits of each output.
 */
import * as bits from "bit";
import * as ffi from "ffi";
import * as random from "./random";

/** Digits of an id, a byte each. */
export const ID_BYTES = 32;

const DIGITS = "0123456789abcdef";

const state = ffi.new("int32_t[4]") as unknown as Doubles;
/** The digits of each byte. */
const pairs_of_digits = ffi.new("uint16_t[256]") as unknown as Doubles;
const pairs_of_id = ffi.new("uint16_t[16]") as unknown as Doubles;
const id = ffi.cast("uint8_t *", pairs_of_id);

/** False in the process that starts the workers: each of them needs a seed of its own. */
let is_seeded = false;

const LOW_BYTE = 0xff;

function fill_digits(): void {
    const text = ffi.cast("uint8_t *", pairs_of_digits);
    for (const value of $range(0, LOW_BYTE)) {
        text.set(2 * value, string.byte(DIGITS, bits.rshift(value, 4) + 1));
        text.set(2 * value + 1, string.byte(DIGITS, bits.band(value, 15) + 1));
    }
}
fill_digits();

function seed(): void {
    // With a state of zeros the generator would only give zeros.
    while (state.get(0) === 0) for (const place of $range(0, 3)) state.set(place, bits.tobit(random.bits()));
    is_seeded = true;
}

/** The next 32 bits, as a number with a sign. */
function next_bits(): number {
    const s0 = state.get(0);
    const s1 = state.get(1);
    const s2 = state.get(2);
    const s3 = state.get(3);
    const output = bits.tobit(bits.rol(bits.tobit(s0 + s3), 7) + s0);
    const third = bits.bxor(s2, s0);
    const fourth = bits.bxor(s3, s1);
    state.set(1, bits.bxor(s1, third));
    state.set(0, bits.bxor(s0, fourth));
    state.set(2, bits.bxor(third, bits.lshift(s1, 9)));
    state.set(3, bits.rol(fourth, 11));
    return output;
}

/** Writes an output as eight digits. */
function write(place: number, output: number): void {
    pairs_of_id.set(place, pairs_of_digits.get(bits.band(output, LOW_BYTE)));
    pairs_of_id.set(place + 1, pairs_of_digits.get(bits.band(bits.rshift(output, 8), LOW_BYTE)));
    pairs_of_id.set(place + 2, pairs_of_digits.get(bits.band(bits.rshift(output, 16), LOW_BYTE)));
    pairs_of_id.set(place + 3, pairs_of_digits.get(bits.rshift(output, 24)));
}

/**
 * A new id: 32 digits in memory that the next call overwrites. Phases: any in a worker; not in init. Raises if the system gives no
 * random numbers for the seed.
 */
export function next_id(): Bytes {
    if (!is_seeded) seed();
    write(0, next_bits());
    write(4, next_bits());
    write(8, next_bits());
    write(12, next_bits());
    return id;
}
