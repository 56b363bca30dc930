/**
 * The size of an image, from its header alone: nothing is decoded, and no more than some reads of a few bytes are made, wherever the file
 * points.
 */
import type { Source } from "../files/byte_source";
import * as bmp from "./sizes/bmp";
import * as gif from "./sizes/gif";
import * as jpeg from "./sizes/jpeg";
import * as png from "./sizes/png";
import * as tiff from "./sizes/tiff";
import * as webp from "./sizes/webp";

/** A format: whether a file is of it, by its first bytes, and its size. */
export interface Format {
    readonly is_one: (this: void, first: string) => boolean;
    readonly size: (this: void, source: Source) => LuaMultiReturn<[width: number, height: number] | [undefined]>;
}

/** How often a source for `find` may be read: enough for headers with large profiles, which come in many small blocks. */
export const MOST_READS = 2048;

/** By media type. */
export const FORMATS: Readonly<Record<string, Format | undefined>> = {
    "image/jpeg": jpeg,
    "image/png": png,
    "image/gif": gif,
    "image/webp": webp,
    "image/bmp": bmp,
    "image/tiff": tiff,
};

/** All of these types, in their usual order. */
export const TYPES: readonly string[] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
];

/**
 * Width and height in pixels of an image of this type; nothing where its header is broken or has no size, and where it is none of
 * `TYPES`. Of an animation or a file with several images: of the first one and what it is drawn on. Phases: any; never raises.
 */
export function find(
    source: Source,
    media_type: string,
): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    const format = FORMATS[media_type];
    if (format === undefined) return $multi(undefined);
    const [width, height] = format.size(source);
    if (width === undefined) return $multi(undefined);
    return $multi(width, height);
}
