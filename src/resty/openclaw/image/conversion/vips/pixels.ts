/** From the bytes of a file to its pixels as they are written: small enough, upright, in sRGB, with 8 bits a channel. */
import * as ffi from "ffi";
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
const YES = vips.int(1);
const BITS = vips.int(8);
/** VIPS_INTERPRETATION_…, as vips/image.h has them. */
const CMYK = 15;
const SRGB = 22;
const BLACK_AND_WHITE = 1;
const KEEP_PROFILE = new LuaSet<number>();
// B_W, RGB, sRGB, RGB16, GREY16
for (const space of [BLACK_AND_WHITE, 17, SRGB, 25, 26]) KEEP_PROFILE.add(space);
/** VIPS_FORMAT_DOUBLE is 8 and VIPS_FORMAT_DPCOMPLEX 9; complex numbers are no picture. */
const MOST_FORMAT = 8;
const COMPLEX = 7;
/** CMYK with an alpha channel. */
const MOST_BANDS = 5;
const PROFILE = "icc-profile-data";
/** The space of a profile's colours is 4 letters after 16 bytes: ICC.1, section 7.2. */
const SPACE_AT = 16;
const LEAST_PROFILE_BYTES = 128;
/** What stays to be shrunk after the decoder has: its own pixels are averages of squares, which alone would look sharp. */
const LEAST_SHRINK = 1.5;

const place = ffi.new("openclaw_vips_image *[1]") as unknown as { get: LuaTableGetMethod<number, Image | undefined> };
const bytes_place = ffi.new("const void *[1]") as unknown as { get: LuaTableGetMethod<number, CValue> };
const count_place = ffi.new("size_t[1]") as unknown as { get: LuaTableGetMethod<number, unknown> };

/** The image that an operation has made; nothing where it failed. */
function made(answer: unknown): Image | undefined {
    if (answer !== 0) return undefined;
    return place.get(0);
}

/** Opens a file in memory, which must stay until the image is let go. Reads no more than its header. Nothing on failure. */
export function open(library: Library, format: Format, memory: Bytes, count: number): Image | undefined {
    const load = library[`openclaw_vips_${format.loader}_buffer`]!;
    return made(load(memory, count, place, "access", SEQUENTIAL, "fail_on", FAIL_ON_ERROR, undefined));
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
        return made(
            load(memory, count, place, "access", SEQUENTIAL, "fail_on", FAIL_ON_ERROR, "shrink", times, undefined),
        );
    }
    if (format.loader === "webpload" && shrink > 1) {
        vips.unref(library, image);
        const load = library.openclaw_vips_webpload_buffer!;
        return made(
            load(memory, count, place, "access", SEQUENTIAL, "fail_on", FAIL_ON_ERROR, "scale", 1 / shrink, undefined),
        );
    }
    return image;
}

/** What a step has made of an image, which is let go. */
function instead(library: Library, image: Image, next: Image | undefined): Image | undefined {
    vips.unref(library, image);
    return next;
}

/** The space of the colours in the image's profile; nothing where there is none. */
function profile_space(library: Library, image: Image): string | undefined {
    if (tonumber(library.openclaw_vips_image_get_typeof!(image, PROFILE)) === 0) return undefined;
    if (library.openclaw_vips_image_get_blob!(image, PROFILE, bytes_place, count_place) !== 0) return undefined;
    if (tonumber(count_place.get(0))! < LEAST_PROFILE_BYTES) return undefined;
    const profile = ffi.string(bytes_place.get(0), SPACE_AT + 4);
    return string.sub(profile, SPACE_AT + 1);
}

/** Whether the profile is for colours such as the image has after it was shrunk. */
function has_its_profile(library: Library, image: Image): boolean {
    const space = profile_space(library, image);
    const bands = library.openclaw_vips_image_get_bands!(image) as number;
    return space === (bands < 3 ? "GRAY" : "RGB ");
}

/** To sRGB by the image's profile; where libvips cannot use it, by its own profile for CMYK, or none. */
function by_profile(library: Library, image: Image): Image | undefined {
    const transform = library.openclaw_vips_icc_transform!;
    return made(transform(image, place, "srgb", "embedded", YES, "depth", BITS, undefined));
}

/** Four inks become light before anything is shrunk: afterwards their profile would not fit. */
function without_inks(library: Library, image: Image): Image | undefined {
    if (library.openclaw_vips_image_guess_interpretation!(image) !== CMYK) return image;
    const light = profile_space(library, image) === "CMYK" ? by_profile(library, image) : undefined;
    if (light !== undefined) return instead(library, image, light);
    const answer = library.openclaw_vips_colourspace!(image, place, SRGB, undefined);
    return instead(library, image, made(answer));
}

/** Small enough and upright, with 8 bits a channel. */
function shrunk(library: Library, image: Image, max_side: number): Image | undefined {
    const height = vips.int(max_side);
    const answer = library.openclaw_vips_thumbnail_image!(
        image,
        place,
        max_side,
        "height",
        height,
        "size",
        ONLY_DOWN,
        undefined,
    );
    return instead(library, image, made(answer));
}

/** In memory: all of the decoder's work is done here, and its failures come out here. */
function in_memory(library: Library, image: Image): Image | undefined {
    const copy = library.openclaw_vips_image_copy_memory!(image) as Image | undefined;
    return instead(library, image, copy ?? undefined);
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
    const may_keep = KEEP_PROFILE.has(library.openclaw_vips_image_guess_interpretation!(opened) as number);
    const light = without_inks(library, opened);
    if (light === undefined) return $multi(undefined);
    const small = shrunk(library, light, wish.max_side);
    if (small === undefined) return $multi(undefined);
    const is_profiled = may_keep && has_its_profile(library, small);
    const managed = is_profiled && !wish.keeps_profile ? by_profile(library, small) : undefined;
    const pixels = in_memory(library, managed === undefined ? small : instead(library, small, managed)!);
    if (pixels === undefined) return $multi(undefined);
    return $multi(pixels, is_profiled && wish.keeps_profile);
}

const WHITE = ffi.new("double[1]", [255]);

/** The image on white, where it has an alpha channel. It is let go. Nothing on failure. */
export function flatten(library: Library, image: Image): Image | undefined {
    if (library.openclaw_vips_image_hasalpha!(image) === 0) return image;
    const white = library.openclaw_vips_array_double_new!(WHITE, 1) as CValue;
    const answer = library.openclaw_vips_flatten!(image, place, "background", white, undefined);
    library.openclaw_vips_area_unref!(white);
    return instead(library, image, made(answer));
}

/** The image of exactly that size, in black and white on white: a byte for each pixel, in memory for `free`. Nothing on failure. */
export function luminance(library: Library, image: Image, side: number): Bytes | undefined {
    const height = vips.int(side);
    const answer = library.openclaw_vips_thumbnail_image!(
        image,
        place,
        side,
        "height",
        height,
        "size",
        EXACTLY,
        undefined,
    );
    const small = made(answer);
    const flat = small === undefined ? undefined : flatten(library, small);
    if (flat === undefined) return undefined;
    const grey = instead(
        library,
        flat,
        made(library.openclaw_vips_colourspace!(flat, place, BLACK_AND_WHITE, undefined)),
    );
    if (grey === undefined) return undefined;
    const bytes = library.openclaw_vips_image_write_to_memory!(grey, count_place) as Bytes | undefined;
    vips.unref(library, grey);
    if (bytes === undefined) return undefined;
    if (tonumber(count_place.get(0)) === side * side) return ffi.cast("uint8_t *", bytes);
    library.openclaw_vips_free!(bytes);
    return undefined;
}
