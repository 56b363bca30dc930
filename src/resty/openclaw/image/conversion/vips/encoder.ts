/** Writes pixels as a file: without metadata, but for the colour profile where it is wanted. */
import * as ffi from "ffi";
import type { Written } from "./formats";
import type { Image, Library } from "./library";
import * as vips from "./library";
import * as metadata from "./metadata";

/** A file in memory of GLib. */
export interface File {
    readonly memory: Bytes;
    readonly bytes: number;
}

/** How a file is to be written. */
export interface Form {
    readonly written: Written;
    /** From 1 to 100. PNG has none. */
    readonly quality: number;
    readonly has_profile: boolean;
}

const bytes_place = ffi.new("void *[1]") as unknown as { get: LuaTableGetMethod<number, CValue> };
const count_place = ffi.new("size_t[1]") as unknown as { get: LuaTableGetMethod<number, unknown> };

/** Calls the saver. Whether it could. */
function save(library: Library, image: Image, form: Form): boolean {
    const saver = library[`openclaw_vips_${form.written}save_buffer`]!;
    // Since 8.15 it would take the profile off as well as whatever the library might add.
    const strip = vips.int(form.has_profile ? 0 : 1);
    if (form.written === "png") return saver(image, bytes_place, count_place, "strip", strip, undefined) === 0;
    const quality = vips.int(form.quality);
    return saver(image, bytes_place, count_place, "strip", strip, "Q", quality, undefined) === 0;
}

/**
 * The image as a file, whose memory has to be given to `openclaw_vips_free`. The image stays the caller's, without its metadata. Nothing on
 * failure.
 */
export function write(library: Library, image: Image, form: Form): File | undefined {
    metadata.remove(library, image, form.has_profile);
    if (!save(library, image, form)) return undefined;
    const memory = ffi.cast("uint8_t *", bytes_place.get(0));
    return { memory, bytes: metadata.clean(form.written, memory, tonumber(count_place.get(0))!, form.has_profile) };
}
