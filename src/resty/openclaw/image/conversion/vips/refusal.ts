/** Why there is no picture. */
import type { Library } from "./library";
import * as vips from "./library";
import type { Refusal } from "./model";

const BROKEN = "The image is damaged or incomplete.";
const FAILED = "The image could not be converted.";

/** A file that no decoder takes, or takes whole. */
export function broken(): Refusal {
    return $multi(undefined, "broken_image", BROKEN);
}

/** A format that is not wanted, or cannot be read. */
export function unsupported(message: string): Refusal {
    return $multi(undefined, "unsupported_image", message);
}

/** Something went wrong here. `text`: what, for the log. */
export function failed(text: string | undefined): Refusal {
    return $multi(undefined, "failed", FAILED, text);
}

/** How libvips, libjpeg, libpng, libtiff and libheif say that there is no memory. */
const NO_MEMORY: readonly string[] = ["ut of memory", "nsufficient memory", "emory allocation"];

function says_no_memory(text: string): boolean {
    // A hostile file wants more than a decoder grants any file.
    const [is_limit] = string.find(text, "limit", 1, true);
    if (is_limit !== undefined) return false;
    for (const words of NO_MEMORY) {
        const [found] = string.find(text, words, 1, true);
        if (found !== undefined) return true;
    }
    return false;
}

/** By what the library says: its text may be about another thread's image, which was converted at the same moment. */
export function by_text(library: Library): Refusal {
    const text = vips.take_text(library);
    if (says_no_memory(text)) return failed(text);
    return $multi(undefined, "broken_image", BROKEN, text);
}

/** More pixels than are accepted. */
export function too_large(width: number, height: number, most: number): Refusal {
    const text = string.format("The image has %.0f × %.0f pixels; at most %.0f are accepted.", width, height, most);
    return $multi(undefined, "image_too_large", text);
}
