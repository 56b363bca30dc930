/** The size of a PNG: W3C's Portable Network Graphics, sections 5.2 and 11.2.1. */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

/** The signature, then the length and the type of the chunk that must come first. */
const BEGINNING = string.char(0x89) + "PNG\r\n" + string.char(0x1a) + "\n\0\0\0\rIHDR";
const BYTES = 24;
/** Numbers have 31 bits, and neither of these may be 0. */
const MOST = 0x7fffffff;

/** Whether the first bytes are those of a PNG with a width and a height. Phases: any. */
export function is_one(this: void, first: string): boolean {
    if (first.length < BYTES || string.sub(first, 1, BEGINNING.length) !== BEGINNING) return false;
    const width = integers.high_4(first, 17);
    const height = integers.high_4(first, 21);
    return width > 0 && width <= MOST && height > 0 && height <= MOST;
}

/** Width and height in pixels; nothing where it is broken. Phases: any. */
export function size(this: void, source: Source): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    const first = byte_source.some(source, 0, BYTES);
    if (!is_one(first)) return $multi(undefined);
    return $multi(integers.high_4(first, 17), integers.high_4(first, 21));
}
