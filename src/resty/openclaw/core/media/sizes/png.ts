/**
 * The size of a PNG: W3C's Portable Network Graphics, sections 5.2, 5.3 and 11.2.1. Only one image header may come before the image data:
 * decoders do not agree on which of two counts.
 */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

/** The signature, then the length and the type of the chunk that must come first. */
const BEGINNING = string.char(0x89) + "PNG\r\n" + string.char(0x1a) + "\n\0\0\0\rIHDR";
const BYTES = 24;
/** A chunk: its length and its type, the data, a checksum. */
const CHUNK_HEADER = 8;
const CHECKSUM = 4;
/** Where the image header ends. */
const SECOND_CHUNK = 33;
/** Numbers have 31 bits, and neither of these may be 0. */
const MOST = 0x7fffffff;

/** Whether the first bytes are those of a PNG with a width and a height. Phases: any. */
export function is_one(this: void, first: string): boolean {
    if (first.length < BYTES || string.sub(first, 1, BEGINNING.length) !== BEGINNING) return false;
    const width = integers.high_4(first, 17);
    const height = integers.high_4(first, 21);
    return width > 0 && width <= MOST && height > 0 && height <= MOST;
}

/** Whether image data comes after the image header, with no other image header, and no end of the image or the file, before it. */
function has_one_header(source: Source): boolean {
    let at = SECOND_CHUNK;
    // Ends: each read moves on, and a source has a number of reads.
    while (true) {
        const chunk = byte_source.all(source, at, CHUNK_HEADER);
        if (chunk === undefined) return false;
        const kind = string.sub(chunk, 5, 8);
        if (kind === "IDAT") return true;
        if (kind === "IHDR" || kind === "IEND") return false;
        at += CHUNK_HEADER + integers.high_4(chunk, 1) + CHECKSUM;
    }
}

/** Width and height in pixels; nothing where it is broken, has two image headers or no image data. Phases: any. */
export function size(this: void, source: Source): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    const first = byte_source.some(source, 0, BYTES);
    if (!is_one(first) || !has_one_header(source)) return $multi(undefined);
    return $multi(integers.high_4(first, 17), integers.high_4(first, 21));
}
