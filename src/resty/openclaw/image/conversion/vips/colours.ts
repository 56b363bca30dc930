/** Colours of images: profiles, inks, alpha channels. */
import * as ffi from "ffi";
import type { Image, Library } from "./library";
import * as vips from "./library";

const YES = vips.int(1);
const BITS = vips.int(8);
/** VIPS_INTERPRETATION_…, as vips/image.h has them. */
const CMYK = 15;
const SRGB = 22;
const BLACK_AND_WHITE = 1;
const KEEP_PROFILE = new LuaSet<number>();
// B_W, RGB, sRGB, RGB16, GREY16
for (const space of [BLACK_AND_WHITE, 17, SRGB, 25, 26]) KEEP_PROFILE.add(space);
const PROFILE = "icc-profile-data";
/** The space of a profile's colours is 4 letters after 16 bytes: ICC.1, section 7.2. */
const SPACE_AT = 16;
const LEAST_PROFILE_BYTES = 128;

const bytes_place = ffi.new("const void *[1]") as unknown as { get: LuaTableGetMethod<number, CValue> };
const count_place = ffi.new("size_t[1]") as unknown as { get: LuaTableGetMethod<number, unknown> };

/** The space of the colours in the image's profile; nothing where there is none. */
function profile_space(library: Library, image: Image): string | undefined {
    if (tonumber(library.openclaw_vips_image_get_typeof!(image, PROFILE)) === 0) return undefined;
    if (library.openclaw_vips_image_get_blob!(image, PROFILE, bytes_place, count_place) !== 0) return undefined;
    if (tonumber(count_place.get(0))! < LEAST_PROFILE_BYTES) return undefined;
    const profile = ffi.string(bytes_place.get(0), SPACE_AT + 4);
    return string.sub(profile, SPACE_AT + 1);
}

/** Whether the profile is for colours such as the image has after it was shrunk. */
export function has_its_profile(library: Library, image: Image): boolean {
    const space = profile_space(library, image);
    const bands = library.openclaw_vips_image_get_bands!(image) as number;
    return space === (bands < 3 ? "GRAY" : "RGB ");
}

/** To sRGB by the image's profile; where libvips cannot use it, by its own profile for CMYK, or none. */
export function by_profile(library: Library, image: Image): Image | undefined {
    const transform = library.openclaw_vips_icc_transform!;
    return vips.made(transform(image, vips.place, "srgb", "embedded", YES, "depth", BITS, undefined));
}

/** Four inks become light before anything is shrunk: afterwards their profile would not fit. */
export function without_inks(library: Library, image: Image): Image | undefined {
    if (library.openclaw_vips_image_guess_interpretation!(image) !== CMYK) return image;
    const light = profile_space(library, image) === "CMYK" ? by_profile(library, image) : undefined;
    if (light !== undefined) return vips.instead(library, image, light);
    const answer = library.openclaw_vips_colourspace!(image, vips.place, SRGB, undefined);
    return vips.instead(library, image, vips.made(answer));
}

const WHITE = ffi.new("double[1]", [255]);

/** The image on white, where it has an alpha channel. It is let go. Nothing on failure. */
export function flatten(library: Library, image: Image): Image | undefined {
    if (library.openclaw_vips_image_hasalpha!(image) === 0) return image;
    const white = library.openclaw_vips_array_double_new!(WHITE, 1) as CValue;
    const answer = library.openclaw_vips_flatten!(image, vips.place, "background", white, undefined);
    library.openclaw_vips_area_unref!(white);
    return vips.instead(library, image, vips.made(answer));
}

/** In black and white, which is luminance. The image is let go. Nothing on failure. */
export function grey(library: Library, image: Image): Image | undefined {
    const answer = library.openclaw_vips_colourspace!(image, vips.place, BLACK_AND_WHITE, undefined);
    return vips.instead(library, image, vips.made(answer));
}

/** Whether a profile for colours like the image's can stay with it when it is written. */
export function may_keep_profile(library: Library, image: Image): boolean {
    return KEEP_PROFILE.has(library.openclaw_vips_image_guess_interpretation!(image) as number);
}
