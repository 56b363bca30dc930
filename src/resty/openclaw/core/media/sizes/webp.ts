/**
 * The size of a WebP: RFC 9649, sections 2.4 to 2.7. Of an extended file the canvas, in which the first image or frame must lie; the
 * frames after it are not looked at. Only one image may be in a file that is no animation.
 */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

type Size = LuaMultiReturn<[width: number, height: number] | [undefined]>;

const FIRST_CHUNK = 12;
const CHUNK_HEADER = 8;
/** RFC 6386, section 9.1: after the frame tag of a key frame. */
const VP8_START = string.char(0x9d, 0x01, 0x2a);
const VP8L_SIGNATURE = 0x2f;
/** VP8 has 14 bits for each side. */
const SIDE = 0x4000;

/** The container, and the beginning of a first chunk. Phases: any. */
export function is_one(this: void, first: string): boolean {
    if (string.sub(first, 1, 4) !== "RIFF" || string.sub(first, 9, 12) !== "WEBP") return false;
    const kind = string.sub(first, 13, 16);
    return kind === "VP8 " || kind === "VP8L" || kind === "VP8X";
}

/** Where the chunk after this one begins: they have even lengths. */
function after_chunk(at: number, header: string): number {
    const bytes = integers.low_4(header, 5);
    return at + CHUNK_HEADER + bytes + (bytes % 2);
}

/** RFC 6386, section 9.1: the tag of the frame, three fixed bytes, the sides; each has two more bits for a scale. */
function of_lossy(source: Source, at: number): Size {
    const frame = byte_source.all(source, at, 10);
    if (frame === undefined || string.sub(frame, 4, 6) !== VP8_START) return $multi(undefined);
    const is_key_frame = string.byte(frame) % 2 === 0;
    const width = integers.low_2(frame, 7) % SIDE;
    const height = integers.low_2(frame, 9) % SIDE;
    if (!is_key_frame || width === 0 || height === 0) return $multi(undefined);
    return $multi(width, height);
}

/** RFC 9649, section 3.4: a byte, then the sides less 1. */
function of_lossless(source: Source, at: number): Size {
    const header = byte_source.all(source, at, 5);
    if (header === undefined || string.byte(header) !== VP8L_SIGNATURE) return $multi(undefined);
    const sides = integers.low_4(header, 2);
    return $multi(1 + (sides % SIDE), 1 + (math.floor(sides / SIDE) % SIDE));
}

/** RFC 9649, section 2.7.1.1: the place of a frame in units of 2 pixels, then its sides less 1. */
function of_frame(source: Source, at: number): Size {
    const header = byte_source.all(source, at, 12);
    if (header === undefined) return $multi(undefined);
    const right = 2 * integers.low_3(header, 1) + integers.low_3(header, 7) + 1;
    return $multi(right, 2 * integers.low_3(header, 4) + integers.low_3(header, 10) + 1);
}

/** Whether there is another image, a frame or a canvas among the chunks from `from` up to `end`. */
function has_image(source: Source, from: number, end: number): boolean {
    let at = from;
    while (at + CHUNK_HEADER <= end) {
        const chunk = byte_source.all(source, at, CHUNK_HEADER);
        // Read too often: what comes there stays unknown.
        if (chunk === undefined) return source.reads_left <= 0;
        const kind = string.sub(chunk, 1, 4);
        if (kind === "VP8 " || kind === "VP8L" || kind === "VP8X" || kind === "ANMF") return true;
        at = after_chunk(at, chunk);
    }
    return false;
}

/** Of the only image, or the first frame of an animation, among the chunks from `from` up to `end`. */
function of_image(source: Source, from: number, end: number): Size {
    let at = from;
    while (at + CHUNK_HEADER <= end) {
        const chunk = byte_source.all(source, at, CHUNK_HEADER);
        if (chunk === undefined) return $multi(undefined);
        const kind = string.sub(chunk, 1, 4);
        if (kind === "VP8X") return $multi(undefined);
        if (kind === "ANMF") return of_frame(source, at + CHUNK_HEADER);
        if (kind === "VP8 " || kind === "VP8L") {
            if (has_image(source, after_chunk(at, chunk), end)) return $multi(undefined);
            return kind === "VP8 " ? of_lossy(source, at + CHUNK_HEADER) : of_lossless(source, at + CHUNK_HEADER);
        }
        at = after_chunk(at, chunk);
    }
    return $multi(undefined);
}

/** Width and height in pixels; nothing where no image is found, there are two, or it is larger than the canvas. Phases: any. */
export function size(this: void, source: Source): Size {
    const first = byte_source.some(source, 0, 30);
    if (!is_one(first)) return $multi(undefined);
    // Bytes after the container are no part of the image.
    const end = math.min(source.bytes, CHUNK_HEADER + integers.low_4(first, 5));
    if (string.sub(first, 16, 16) !== "X") return of_image(source, FIRST_CHUNK, end);
    const chunk_bytes = first.length === 30 ? integers.low_4(first, 17) : 0;
    if (chunk_bytes < 10) return $multi(undefined);
    const [width, height] = of_image(source, after_chunk(FIRST_CHUNK, string.sub(first, 13, 20)), end);
    const canvas_width = integers.low_3(first, 25) + 1;
    const canvas_height = integers.low_3(first, 28) + 1;
    if (width === undefined || width > canvas_width || height > canvas_height) return $multi(undefined);
    return $multi(canvas_width, canvas_height);
}
