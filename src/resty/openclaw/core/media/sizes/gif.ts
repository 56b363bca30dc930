/** The size of a GIF: GIF89a, sections 17 to 26. The larger one of the screen and of the first image; not of those after it. */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

const HEADER_BYTES = 13;
const EXTENSION = 0x21;
const IMAGE = 0x2c;
const HAS_COLORS = 0x80;

/** The signature. Phases: any. */
export function is_one(this: void, first: string): boolean {
    const signature = string.sub(first, 1, 6);
    return signature === "GIF87a" || signature === "GIF89a";
}

/** Where the blocks of data that begin at `from` end. */
function after_blocks(source: Source, from: number): number | undefined {
    let at = from;
    while (true) {
        const length = byte_source.all(source, at, 1);
        if (length === undefined) return undefined;
        at += 1 + string.byte(length);
        if (length === "\0") return at;
    }
}

/** Where the first image is; nothing where there is none. */
function first_image(source: Source, from: number): number | undefined {
    let at: number | undefined = from;
    while (at !== undefined) {
        const kind = byte_source.all(source, at, 1);
        if (kind === undefined) return undefined;
        if (string.byte(kind) === IMAGE) return at;
        if (string.byte(kind) !== EXTENSION) return undefined;
        at = after_blocks(source, at + 2);
    }
    return undefined;
}

/** Width and height in pixels; nothing where there is no image. Phases: any. */
export function size(this: void, source: Source): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    const header = byte_source.all(source, 0, HEADER_BYTES);
    if (header === undefined || !is_one(header)) return $multi(undefined);
    const packed = string.byte(header, 11);
    const color_bytes = packed < HAS_COLORS ? 0 : 3 * 2 ** ((packed & 7) + 1);
    const at = first_image(source, HEADER_BYTES + color_bytes);
    const image = at === undefined ? undefined : byte_source.all(source, at, 9);
    if (image === undefined) return $multi(undefined);
    const width = integers.low_2(image, 6);
    const height = integers.low_2(image, 8);
    if (width === 0 || height === 0) return $multi(undefined);
    return $multi(
        math.max(integers.low_2(header, 7), integers.low_2(image, 2) + width),
        math.max(integers.low_2(header, 9), integers.low_2(image, 4) + height),
    );
}
