/** From the bytes of a file to its pixels as they are written: small enough, upright, in sRGB, with 8 bits a channel. */
import * as ffi from "ffi";
import * as colours from "./colours";
import type { Format } from "./formats";
import type { Image, Library } from "./library";
import * as vips from "./library";

/** How large the image becomes at most, and whether its colour profile stays with it. */
export interface Wish {
    readonly max_side: number;
    readonly keeps_profile: boolean;
}

/** VIPS_ACCESS_SEQUENTIAL: from the top down, so that a large image is never in memory as a whole. */
const SEQUENTIAL = vips.int(1);
/** VIPS_FAIL_ON_ERROR: no half pictures; warnings pass. */
const FAIL_ON_ERROR = vips.int(2);
/** VIPS_SIZE_DOWN and VIPS_SIZE_FORCE */
const ONLY_DOWN = vips.int(2);
const EXACTLY = vips.int(3);
/** VIPS_FORMAT_DOUBLE is 8 and VIPS_FORMAT_DPCOMPLEX 9; complex numbers are no picture. */
const MOST_FORMAT = 8;
const COMPLEX = 7;
/** CMYK with an alpha channel. */
const MOST_BANDS = 5;
/** What stays to be shrunk after the decoder has: its own pixels are averages of squares, which alone would look sharp. */
const LEAST_SHRINK = 1.5;

const count_place = ffi.new("size_t[1]") as unknown as { get: LuaTableGetMethod<number, unknown> };

/** Opens a file in memory, which must stay until the image is let go. Reads no more than its header. Nothing on failure. */
export function open(library: Library, format: Format, memory: Bytes, count: number): Image | undefined {
    const load = library[`openclaw_vips_${format.loader}_buffer`]!;
    return vips.made(load(memory, count, vips.place, "access", SEQUENTIAL, "fail_on", FAIL_ON_ERROR, undefined));
}

/** Whether these are pixels of a picture, rather than of a measurement. */
export function is_picture(library: Library, image: Image): boolean {
    const its_format = library.openclaw_vips_image_get_format!(image) as number;
    if (its_format < 0 || its_format > MOST_FORMAT || its_format === COMPLEX) return false;
    return (library.openclaw_vips_image_get_bands!(image) as number) <= MOST_BANDS;
}

/** Width and height of an image of the library. */
export function size(library: Library, image: Image): LuaMultiReturn<[width: number, height: number]> {
    return $multi(
        library.openclaw_vips_image_get_width!(image) as number,
        library.openclaw_vips_image_get_height!(image) as number,
    );
}

/** By how much the decoder itself may shrink. libvips ends the process where a side would become 0. */
function shrink_on_load(library: Library, image: Image, max_side: number): number {
    const [width, height] = size(library, image);
    return math.min(math.max(width, height) / max_side / LEAST_SHRINK, width, height);
}

/** Opens it again so that the decoder gives smaller pixels, where it can; else the same image. Nothing on failure. */
function reopen(
    library: Library,
    format: Format,
    memory: Bytes,
    count: number,
    image: Image,
    max_side: number,
): Image | undefined {
    const shrink = shrink_on_load(library, image, max_side);
    if (format.loader === "jpegload" && shrink >= 2) {
        const times = vips.int(shrink >= 8 ? 8 : shrink >= 4 ? 4 : 2);
        vips.unref(library, image);
        const load = library.openclaw_vips_jpegload_buffer!;
        return vips.made(
            load(memory, count, vips.place, "access", SEQUENTIAL, "fail_on", FAIL_ON_ERROR, "shrink", times, undefined),
        );
    }
    if (format.loader === "webpload" && shrink > 1) {
        vips.unref(library, image);
        const load = library.openclaw_vips_webpload_buffer!;
        return vips.made(
            load(
                memory,
                count,
                vips.place,
                "access",
                SEQUENTIAL,
                "fail_on",
                FAIL_ON_ERROR,
                "scale",
                1 / shrink,
                undefined,
            ),
        );
    }
    return image;
}

/** Small enough and upright, with 8 bits a channel. */
function shrunk(library: Library, image: Image, max_side: number): Image | undefined {
    const height = vips.int(max_side);
    const answer = library.openclaw_vips_thumbnail_image!(
        image,
        vips.place,
        max_side,
        "height",
        height,
        "size",
        ONLY_DOWN,
        undefined,
    );
    return vips.instead(library, image, vips.made(answer));
}

/** In memory: all of the decoder's work is done here, and its failures come out here. */
function in_memory(library: Library, image: Image): Image | undefined {
    const copy = library.openclaw_vips_image_copy_memory!(image) as Image | undefined;
    return vips.instead(library, image, copy ?? undefined);
}

/**
 * The pixels that are written, in memory, and whether their colour profile is to stay with them. The image is let go. Nothing on failure:
 * then the file is broken, or there is no memory.
 */
export function make(
    library: Library,
    format: Format,
    memory: Bytes,
    count: number,
    image: Image,
    wish: Wish,
): LuaMultiReturn<[pixels: Image, has_profile: boolean] | [undefined]> {
    const opened = reopen(library, format, memory, count, image, wish.max_side);
    if (opened === undefined) return $multi(undefined);
    const may_keep = colours.may_keep_profile(library, opened);
    const light = colours.without_inks(library, opened);
    if (light === undefined) return $multi(undefined);
    const small = shrunk(library, light, wish.max_side);
    if (small === undefined) return $multi(undefined);
    const is_profiled = may_keep && colours.has_its_profile(library, small);
    const managed = is_profiled && !wish.keeps_profile ? colours.by_profile(library, small) : undefined;
    const pixels = in_memory(library, managed === undefined ? small : vips.instead(library, small, managed)!);
    if (pixels === undefined) return $multi(undefined);
    return $multi(pixels, is_profiled && wish.keeps_profile);
}

/** The image of exactly that size, in black and white on white: a byte for each pixel, in memory for `free`. Nothing on failure. */
export function luminance(library: Library, image: Image, side: number): Bytes | undefined {
    const height = vips.int(side);
    const answer = library.openclaw_vips_thumbnail_image!(
        image,
        vips.place,
        side,
        "height",
        height,
        "size",
        EXACTLY,
        undefined,
    );
    const small = vips.made(answer);
    const flat = small === undefined ? undefined : colours.flatten(library, small);
    if (flat === undefined) return undefined;
    const grey = colours.grey(library, flat);
    if (grey === undefined) return undefined;
    const bytes = library.openclaw_vips_image_write_to_memory!(grey, count_place) as Bytes | undefined;
    vips.unref(library, grey);
    if (bytes === undefined) return undefined;
    if (tonumber(count_place.get(0)) === side * side) return ffi.cast("uint8_t *", bytes);
    library.openclaw_vips_free!(bytes);
    return undefined;
}
