/** Writes pixels as a file: without metadata, but for the colour profile where it is wanted. */
import * as ffi from "ffi";
import type { Written } from "./formats";
import type { Image, Library } from "./library";
import * as vips from "./library";

const YES = vips.int(1);
/** VIPS_FOREIGN_KEEP_ICC, since 8.15. */
const ONLY_PROFILE = vips.int(8);
const PROFILE = "icc-profile-data";

/** A file in memory of GLib. */
export interface File {
    readonly memory: Bytes;
    readonly bytes: number;
}

const bytes_place = ffi.new("void *[1]") as unknown as { get: LuaTableGetMethod<number, CValue> };
const count_place = ffi.new("size_t[1]") as unknown as { get: LuaTableGetMethod<number, unknown> };

/** Takes all metadata but the profile off an image that nobody else has. */
function keep_only_profile(library: Library, image: Image): void {
    const fields = library.openclaw_vips_image_get_fields!(image) as CValue;
    const names = fields as unknown as { get: LuaTableGetMethod<number, CValue | undefined> };
    let index = 0;
    let name = names.get(index);
    while (name !== undefined) {
        const field = ffi.string(name);
        if (field !== PROFILE) library.openclaw_vips_image_remove!(image, field);
        index += 1;
        name = names.get(index);
    }
    library.openclaw_vips_strfreev!(fields);
}

/** Whether the library can be told which metadata to keep. */
function can_choose(library: Library): boolean {
    const major = library.openclaw_vips_version!(0) as number;
    const minor = library.openclaw_vips_version!(1) as number;
    return major > 8 || minor >= 15;
}

/** How a file is to be written. */
export interface Form {
    readonly written: Written;
    /** From 1 to 100. PNG has none. */
    readonly quality: number;
    readonly has_profile: boolean;
}

/** Calls the saver with its own options, of which there are two at most, and those of all. */
function save(library: Library, image: Image, form: Form): boolean {
    const saver = library[`openclaw_vips_${form.written}save_buffer`]!;
    let option: string | undefined;
    let value: CValue | undefined;
    if (!form.has_profile) {
        option = "strip";
        value = YES;
    } else if (can_choose(library)) {
        option = "keep";
        value = ONLY_PROFILE;
    } else {
        keep_only_profile(library, image);
    }
    if (form.written === "png") return saver(image, bytes_place, count_place, option, value, undefined) === 0;
    const quality = vips.int(form.quality);
    return saver(image, bytes_place, count_place, "Q", quality, option, value, undefined) === 0;
}

/** The image as a file, whose memory has to be given to `free`. The image stays the caller's. Nothing on failure. */
export function write(library: Library, image: Image, form: Form): File | undefined {
    if (!save(library, image, form)) return undefined;
    return { memory: ffi.cast("uint8_t *", bytes_place.get(0)), bytes: tonumber(count_place.get(0))! };
}
