/**
 * A hash that nearly the same pictures share: the pHash of Python's `imagehash` (`phash` with its defaults). Of the 32×32 shades of a shrunken
 * picture the two-dimensional discrete cosine transform (DCT-II) is taken, and of that the 8×8 lowest frequencies, the mean shade among
 * them. Each is a bit: 1 where it is above the median of all 64, which is the mean of the two in the middle. The first digit has the first four of
 * the upper row, the highest bit first; the last digit ends the lower row.
 *
 * Pure Lua and ffi: runs in the threads of nginx, too.
 */
import * as ffi from "ffi";

/** The side of the shrunken picture. */
export const SIDE = 32;
/** How many frequencies are kept, in each direction. */
const KEPT = 8;
const BITS = KEPT * KEPT;
/**
 * Coefficients that differ by less are the same: rounding would decide which one is larger. In pictures of nothing but stripes, or of one
 * shade, most of them are 0. The bits of `imagehash` are those of the noise then.
 */
const STEPS = 1e6;

/** By frequency and place. */
const cosines = ffi.new("double[?]", KEPT * SIDE) as unknown as Doubles;
/** The transforms of the rows, by row and frequency. */
const rows = ffi.new("double[?]", SIDE * KEPT) as unknown as Doubles;

for (const frequency of $range(0, KEPT - 1)) {
    for (const place of $range(0, SIDE - 1)) {
        cosines.set(frequency * SIDE + place, math.cos((math.pi * frequency * (2 * place + 1)) / (2 * SIDE)));
    }
}

function transform_rows(shades: Bytes): void {
    for (const row of $range(0, SIDE - 1)) {
        for (const frequency of $range(0, KEPT - 1)) {
            let sum = 0;
            for (const place of $range(0, SIDE - 1)) {
                sum += shades.get(row * SIDE + place) * cosines.get(frequency * SIDE + place);
            }
            rows.set(row * KEPT + frequency, sum);
        }
    }
}

function transform_columns(): number[] {
    const found: number[] = [];
    for (const frequency of $range(0, KEPT - 1)) {
        for (const column of $range(0, KEPT - 1)) {
            let sum = 0;
            for (const row of $range(0, SIDE - 1)) {
                sum += rows.get(row * KEPT + column) * cosines.get(frequency * SIDE + row);
            }
            found.push(math.floor(sum * STEPS + 0.5));
        }
    }
    return found;
}

function median_of(values: readonly number[]): number {
    const sorted: number[] = [];
    for (const value of values) sorted.push(value);
    table.sort(sorted);
    return (sorted[BITS / 2 - 1]! + sorted[BITS / 2]!) / 2;
}

/** The hash of a picture, as 16 hexadecimal digits, from its 32×32 shades: a byte each, row by row. Phases: any, and threads. */
export function of(shades: Bytes): string {
    transform_rows(shades);
    const coefficients = transform_columns();
    const median = median_of(coefficients);
    const parts: string[] = [];
    let bits = 0;
    for (const index of $range(0, BITS - 1)) {
        bits = bits * 2 + (coefficients[index]! > median ? 1 : 0);
        if (index % KEPT === KEPT - 1) {
            parts.push(string.format("%02x", bits));
            bits = 0;
        }
    }
    return table.concat(parts);
}
