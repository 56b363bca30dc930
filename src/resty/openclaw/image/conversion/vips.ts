/**
 * Converts one picture by libvips. For a thread's Lua VM of nginx, or a plain process of LuaJIT: uses nothing of nginx. The bytes are those
 * of a stranger: no decoder runs but the one for the format that the first bytes tell, and none before the size in the header is known.
 */
import type { Source } from "../../core/files/byte_source";
import * as byte_source from "../../core/files/byte_source";
import * as image_size from "../../core/media/image_size";
import * as encoder from "./vips/encoder";
import type { Format, Written } from "./vips/formats";
import * as formats from "./vips/formats";
import * as limits from "./vips/limits";
import type { Image, Library } from "./vips/library";
import * as vips from "./vips/library";
import * as pixels from "./vips/pixels";
import * as png_chunks from "./vips/png_chunks";

/** What a picture is to become. */
export interface Target {
    /** Pixels of its longer side, at most. Pictures never become larger. */
    readonly max_side: number;
    /**
     * "keep": as it came in. What libvips cannot write well becomes PNG where it was lossless (GIF, TIFF) or has an alpha channel, and JPEG
     * otherwise (HEIF, AVIF).
     */
    readonly format: Written | "keep";
    /** From 1 to 100; for JPEG and WebP. */
    readonly quality: number;
    /** Width × height that may come in. */
    readonly max_pixels: number;
    /** Whether the colours stay as the picture's profile has them, and the profile with them; else they become sRGB. */
    readonly keeps_profile: boolean;
    /** Media types that may come in, such as "image/jpeg". HEIC is "image/heif". */
    readonly formats: readonly string[];
}

/** A picture that was made. It has to be given to `release`. */
export interface Picture {
    readonly memory: Bytes;
    readonly bytes: number;
    readonly width: number;
    readonly height: number;
    readonly content_type: string;
    readonly source_type: string;
    /** Width × height of what came in. */
    readonly source_pixels: number;
    /** If wanted: 32 × 32 pixels of black and white, a byte each, row by row. */
    readonly thumbnail: Bytes | undefined;
}

/** What is wrong: the file, its format, its size, or something here. */
export type Problem = "broken_image" | "unsupported_image" | "image_too_large" | "failed";

/** Why there is no picture: the problem, a sentence for clients, and for the log what libvips has to say (with bytes of strangers). */
type Refusal = LuaMultiReturn<[undefined, problem: Problem, message: string, text?: string | undefined]>;

/** Pixels of a thumbnail's side. */
export const THUMBNAIL_SIDE = 32;

const BROKEN = "The image is damaged or incomplete.";
const FAILED = "The image could not be converted.";

function broken(): Refusal {
    return $multi(undefined, "broken_image", BROKEN);
}

function unsupported(message: string): Refusal {
    return $multi(undefined, "unsupported_image", message);
}

/** By what the library says: its text may be about another thread's image, which was converted at the same moment. */
function by_text(library: Library): Refusal {
    const text = vips.take_text(library);
    // "limit": a hostile file wants more than a decoder grants any file.
    const [no_memory] = string.find(text, "memory", 1, true);
    const [is_limit] = string.find(text, "limit", 1, true);
    if (no_memory !== undefined && is_limit === undefined) return $multi(undefined, "failed", FAILED, text);
    return $multi(undefined, "broken_image", BROKEN, text);
}

function too_large(width: number, height: number, most: number): Refusal {
    const text = string.format("The image has %.0f × %.0f pixels; at most %.0f are accepted.", width, height, most);
    return $multi(undefined, "image_too_large", text);
}

/** The formats that may come in, by their names. */
function accepted(target: Target): string {
    return `Accepted are ${table.concat(target.formats as string[], ", ")}.`;
}

function is_accepted(target: Target, media_type: string): boolean {
    for (const one of target.formats) if (one === media_type) return true;
    return false;
}

/** Whether the library and those under it can read the format. */
function can_read(library: Library, format: Format): boolean {
    if (format.loader === undefined || !vips.has(library, `${format.loader}_buffer`)) return false;
    return format.heif_coding === undefined || vips.decodes_heif(format.heif_coding);
}

/** The format, if its picture may be made: nothing is decoded for that. */
function admit(
    library: Library,
    source: Source,
    target: Target,
): LuaMultiReturn<[format: Format] | [undefined, problem: Problem, message: string, text?: string | undefined]> {
    const format = formats.find(source);
    if (format === undefined) return unsupported(`The body is no image of a known format. ${accepted(target)}`);
    const { media_type } = format;
    if (!is_accepted(target, media_type)) {
        return unsupported(`Images of type ${media_type} are not accepted. ${accepted(target)}`);
    }
    if (!can_read(library, format)) return unsupported(`Images of type ${media_type} cannot be read here.`);
    const [width, height] = formats.size(source, format);
    if (width === undefined) return broken();
    if (width * height > target.max_pixels) return too_large(width, height, target.max_pixels);
    if (!limits.are_kept(source, format)) return broken();
    return $multi(format);
}

/** Writes it in the target's format. The pixels are let go. */
function write(
    library: Library,
    image: Image,
    target: Target,
    format: Format,
    has_profile: boolean,
): LuaMultiReturn<[file: encoder.File, written: Written] | [undefined]> {
    const has_alpha = library.openclaw_vips_image_hasalpha!(image) !== 0;
    const kept = has_alpha ? format.kept_alpha : format.kept;
    const written = target.format === "keep" ? kept : target.format;
    const flat = written === "jpeg" ? pixels.flatten(library, image) : image;
    if (flat === undefined) return $multi(undefined);
    const file = encoder.write(library, flat, { written, quality: target.quality, has_profile });
    vips.unref(library, flat);
    if (file === undefined) return $multi(undefined);
    return $multi(file, written);
}

function finish(
    library: Library,
    image: Image,
    target: Target,
    format: Format,
    source_pixels: number,
    has_profile: boolean,
    wants_thumbnail: boolean,
): LuaMultiReturn<[Picture] | [undefined, problem: Problem, message: string, text?: string | undefined]> {
    const [width, height] = pixels.size(library, image);
    const thumbnail = wants_thumbnail ? pixels.luminance(library, image, THUMBNAIL_SIDE) : undefined;
    const [file, written] = write(library, image, target, format, has_profile);
    if (file === undefined || (wants_thumbnail && thumbnail === undefined)) {
        if (file !== undefined) library.openclaw_vips_free!(file.memory);
        if (thumbnail !== undefined) library.openclaw_vips_free!(thumbnail);
        return $multi(undefined, "failed", FAILED, vips.take_text(library));
    }
    return $multi({
        memory: file.memory,
        bytes: file.bytes,
        width,
        height,
        content_type: formats.MEDIA_TYPES[written],
        source_type: format.media_type,
        source_pixels,
        thumbnail,
    });
}

/** Decodes and writes what was admitted. */
function run(
    library: Library,
    format: Format,
    memory: Bytes,
    count: number,
    target: Target,
    wants_thumbnail: boolean,
): LuaMultiReturn<[Picture] | [undefined, problem: Problem, message: string, text?: string | undefined]> {
    const opened = pixels.open(library, format, memory, count);
    if (opened === undefined) return by_text(library);
    const [width, height] = pixels.size(library, opened);
    if (width * height > target.max_pixels) {
        vips.unref(library, opened);
        return too_large(width, height, target.max_pixels);
    }
    if (!pixels.is_picture(library, opened)) {
        vips.unref(library, opened);
        return unsupported("Images with such pixels cannot be converted.");
    }
    const [image, has_profile] = pixels.make(library, format, memory, count, opened, target);
    if (image === undefined) return by_text(library);
    return finish(library, image, target, format, width * height, has_profile, wants_thumbnail);
}

/**
 * Converts a picture. The bytes must stay until it returns. On failure nil, the problem, a sentence for the client, and maybe what libvips
 * has to say, for the log: 200 printable characters of it at most, perhaps of another thread's picture. Waits for as long as it takes; never
 * raises.
 */
export function convert(
    memory: Bytes,
    count: number,
    target: Target,
    wants_thumbnail: boolean,
): LuaMultiReturn<[Picture] | [undefined, problem: Problem, message: string, text?: string | undefined]> {
    const [library, err] = vips.get();
    if (library === undefined) return $multi(undefined, "failed", FAILED, err);
    const [source] = byte_source.open({ bytes: count, memory }, image_size.MOST_READS);
    const [format, refused, why] = admit(library, source!, target);
    if (format === undefined) return $multi(undefined, refused, why);
    if (format.loader !== "pngload") return run(library, format, memory, count, target, wants_thumbnail);
    const [copied, bytes] = png_chunks.copy(memory, count);
    if (copied === undefined) return $multi(undefined, "failed", FAILED, "out of memory");
    const [picture, problem, message, text] = run(library, format, copied, bytes, target, wants_thumbnail);
    png_chunks.free(copied);
    if (picture === undefined) return $multi(undefined, problem, message, text);
    return $multi(picture);
}

/** Gives the memory of a picture back, which is gone then. Once for each picture. */
export function release(picture: Picture): void {
    const [library] = vips.get();
    if (library === undefined) return;
    library.openclaw_vips_free!(picture.memory);
    if (picture.thumbnail !== undefined) library.openclaw_vips_free!(picture.thumbnail);
}

/**
 * Why libvips cannot be used; nothing where it can. For the master, before workers fork: the library is opened, but not set up, and starts no
 * threads.
 */
export function problem_of_library(): string | undefined {
    const [library, err] = vips.open();
    if (library !== undefined) return undefined;
    return `cannot open ${vips.SONAME}: install the package libvips42 (Debian and Ubuntu), or vips (others): ${err}`;
}
