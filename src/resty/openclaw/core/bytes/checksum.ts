/** CRC-32, as gzip has it, of bytes in several pieces. Source: zlib.h, version 1.2. */
import * as ffi from "ffi";
import * as gzip from "./gzip";

ffi.cdef('unsigned long openclaw_crc32(unsigned long sum, const uint8_t *bytes, unsigned int count) __asm__("crc32");');

/** The sum of no bytes. */
export const NOTHING = 0;

const library = gzip.find_library();

/** Whether there is a zlib. Phases: init. */
export function is_available(): boolean {
    return library !== undefined;
}

/** The sum of what `sum` is of, and of these bytes behind it: about a millisecond for a megabyte. Only if `is_available`. Phases: any. */
export function add(sum: number, bytes: Bytes, count: number): number {
    return tonumber(library!.openclaw_crc32!(sum, bytes, count))!;
}

/** The same for a string. */
export function add_text(sum: number, text: string): number {
    return add(sum, ffi.cast("const uint8_t *", text), text.length);
}
