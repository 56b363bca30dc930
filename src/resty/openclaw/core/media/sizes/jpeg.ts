/**
 * The size of a JPEG: ITU T.81, annex B. It is in the frame header, among other segments, which may hold whole images themselves. Only one
 * may come before the first scan: decoders do not agree on which of two counts.
 */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

const MARK = 0xff;
const START_OF_IMAGE = string.char(MARK, 0xd8, MARK);
const FIRST_MARKER = 0xc0;
const SCAN = 0xda;

/** Start of image and another marker. Phases: any. */
export function is_one(this: void, first: string): boolean {
    return string.sub(first, 1, 3) === START_OF_IMAGE && (string.byte(first, 4) ?? 0) >= FIRST_MARKER;
}

/** Which markers begin a frame: SOF0 to SOF15, of which DHT, JPG and DAC have three places. T.81, table B.1. */
function begins_frame(marker: number): boolean {
    return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/**
 * Whether this marker ends the search. What comes is no segment: RST, SOI, EOI. Or decoders differ on whether it is one, so that they may
 * find another frame in it: JPG and JPG0 to JPG13. Or there are several frames: DHP and EXP.
 */
function ends_search(marker: number): boolean {
    if (marker < FIRST_MARKER || marker === 0xc8) return true;
    return (
        (marker >= 0xd0 && marker <= 0xd9) || marker === 0xde || marker === 0xdf || (marker >= 0xf0 && marker <= 0xfd)
    );
}

/** The frame header, from its length on: that, the precision, height, width, and the number of components. T.81, B.2.2. */
function of_frame(header: string): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    if (header.length < 8) return $multi(undefined);
    const components = string.byte(header, 8);
    const height = integers.high_2(header, 4);
    const width = integers.high_2(header, 6);
    // A height of 0 comes after the first scan, which hardly any decoder reads.
    if (width === 0 || height === 0 || components === 0) return $multi(undefined);
    if (integers.high_2(header, 1) !== 8 + 3 * components) return $multi(undefined);
    return $multi(width, height);
}

/** Width and height in pixels; nothing where no scan is found, or not exactly one frame header before it. Phases: any. */
export function size(this: void, source: Source): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    let at = 2;
    let width: number | undefined;
    let height: number | undefined;
    // Ends: each read moves on, and a source has a number of reads.
    while (true) {
        const segment = byte_source.some(source, at, 10);
        if (segment.length < 4 || string.byte(segment, 1) !== MARK) return $multi(undefined);
        const marker = string.byte(segment, 2);
        if (marker === SCAN) break;
        if (marker === MARK) {
            // Any number of these may come before a marker.
            at += 1;
        } else {
            const length = integers.high_2(segment, 3);
            if (ends_search(marker) || length < 2) return $multi(undefined);
            if (begins_frame(marker)) {
                if (width !== undefined) return $multi(undefined);
                [width, height] = of_frame(string.sub(segment, 3));
                if (width === undefined) return $multi(undefined);
            }
            at += 2 + length;
        }
    }
    if (width === undefined || height === undefined) return $multi(undefined);
    return $multi(width, height);
}
