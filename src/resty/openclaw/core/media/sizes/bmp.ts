/** The size of a BMP: BITMAPFILEHEADER, then BITMAPCOREHEADER or BITMAPINFOHEADER and its successors, of Microsoft's wingdi.h. */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

const BYTES = 26;
/** The size of the second header: of OS/2 1.x, of OS/2 2.x at least, and of BITMAPV5HEADER. */
const CORE = 12;
const LEAST_INFO = 16;
const MOST_INFO = 124;

/** The signature and the size of the second header. Phases: any. */
export function is_one(this: void, first: string): boolean {
    if (string.sub(first, 1, 2) !== "BM" || first.length < 18) return false;
    const header = integers.low_4(first, 15);
    return header === CORE || (header >= LEAST_INFO && header <= MOST_INFO);
}

/** 4 bytes with a sign. */
function signed(bytes: string, at: number): number {
    const number = integers.low_4(bytes, at);
    return number < 0x80000000 ? number : number - 0x100000000;
}

/** Width and height in pixels; nothing where it is broken. Phases: any. */
export function size(this: void, source: Source): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    const first = byte_source.all(source, 0, BYTES);
    if (first === undefined || !is_one(first)) return $multi(undefined);
    const is_core = integers.low_4(first, 15) === CORE;
    const width = is_core ? integers.low_2(first, 19) : signed(first, 19);
    // A height below 0: the rows are stored from the top down.
    const height = is_core ? integers.low_2(first, 21) : math.abs(signed(first, 23));
    if (width <= 0 || height === 0) return $multi(undefined);
    return $multi(width, height);
}
