/**
 * Converts one picture by libvips. For a thread's Lua VM of nginx, or a plain process of LuaJIT: uses nothing of nginx. The bytes are those
 * of a stranger: no decoder runs but the one for the format that the first bytes tell, and none before the size in the header is known.
 */
import * as byte_source from "../../core/files/byte_source";
import * as image_size from "../../core/media/image_size";
import * as admission from "./vips/admission";
import * as colours from "./vips/colours";
import * as encoder from "./vips/encoder";
import type { Format, Written } from "./vips/formats";
import * as formats from "./vips/formats";
import type { Image, Library } from "./vips/library";
import * as vips from "./vips/library";
import type { Conversion, Picture, Problem, Target } from "./vips/model";
import * as pixels from "./vips/pixels";
import * as png_chunks from "./vips/png_chunks";
import * as refusal from "./vips/refusal";

export type { Picture, Problem, Target };

/** Pixels of a thumbnail's side. */
export const THUMBNAIL_SIDE = 32;

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
    const flat = written === "jpeg" ? colours.flatten(library, image) : image;
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
): Conversion {
    const [width, height] = pixels.size(library, image);
    const thumbnail = wants_thumbnail ? pixels.luminance(library, image, THUMBNAIL_SIDE) : undefined;
    const [file, written] = write(library, image, target, format, has_profile);
    if (file === undefined || (wants_thumbnail && thumbnail === undefined)) {
        if (file !== undefined) library.openclaw_vips_free!(file.memory);
        if (thumbnail !== undefined) library.openclaw_vips_free!(thumbnail);
        return refusal.failed(vips.take_text(library));
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
): Conversion {
    // What was left by pictures that were made all the same.
    library.openclaw_vips_error_clear!();
    const opened = pixels.open(library, format, memory, count);
    if (opened === undefined) return refusal.by_text(library);
    const [width, height] = pixels.size(library, opened);
    if (width * height > target.max_pixels) {
        vips.unref(library, opened);
        return refusal.too_large(width, height, target.max_pixels);
    }
    if (!pixels.is_picture(library, opened)) {
        vips.unref(library, opened);
        return refusal.unsupported("Images with such pixels cannot be converted.");
    }
    const [image, has_profile] = pixels.make(library, format, memory, count, opened, target);
    if (image === undefined) return refusal.by_text(library);
    return finish(library, image, target, format, width * height, has_profile, wants_thumbnail);
}

/**
 * Converts a picture. The bytes must stay until it returns. On failure nil, the problem, a sentence for the client, and maybe what libvips
 * has to say, for the log: 200 printable characters of it at most, perhaps of another thread's picture. Waits for as long as it takes; never
 * raises.
 */
export function convert(memory: Bytes, count: number, target: Target, wants_thumbnail: boolean): Conversion {
    const [library, err] = vips.get();
    if (library === undefined) return refusal.failed(err);
    const [source] = byte_source.open({ bytes: count, memory }, image_size.MOST_READS);
    const [format, refused, why] = admission.admit(library, source!, target);
    if (format === undefined) return $multi(undefined, refused, why);
    if (format.loader !== "pngload") return run(library, format, memory, count, target, wants_thumbnail);
    const [copied, bytes] = png_chunks.copy(memory, count);
    if (copied === undefined) return refusal.failed("out of memory");
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
