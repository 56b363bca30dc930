/** Decides which files a decoder sees. */
import type { Source } from "../../../core/files/byte_source";
import type { Format } from "./formats";
import * as formats from "./formats";
import type { Library } from "./library";
import * as vips from "./library";
import * as limits from "./limits";
import type { Problem, Target } from "./model";
import * as refusal from "./refusal";

/** The name of a format: "JPEG" of "image/jpeg". */
function name_of(media_type: string): string {
    const name = string.sub(media_type, "image/".length + 1);
    return name === "webp" ? "WebP" : string.upper(name);
}

/** The formats that may come in, by their names. */
function accepted(target: Target): string {
    const names: string[] = [];
    for (const media_type of target.formats) names.push(name_of(media_type));
    return `Accepted are ${table.concat(names, ", ")}.`;
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

/** The format, if a decoder may see the file; by its first bytes and its header alone. */
export function admit(
    library: Library,
    source: Source,
    target: Target,
): LuaMultiReturn<[format: Format] | [undefined, problem: Problem, message: string, text?: string | undefined]> {
    const format = formats.find(source);
    if (format === undefined)
        return refusal.unsupported(`What should be an image is of no known format. ${accepted(target)}`);
    const { media_type } = format;
    if (!is_accepted(target, media_type)) {
        return refusal.unsupported(`Images in ${name_of(media_type)} are not accepted. ${accepted(target)}`);
    }
    if (!can_read(library, format)) return refusal.unsupported(`Images in ${name_of(media_type)} cannot be read here.`);
    const [width, height] = formats.size(source, format);
    if (width === undefined) return refusal.broken();
    if (width * height > target.max_pixels) return refusal.too_large(width, height, target.max_pixels);
    if (!limits.are_kept(source, format)) return refusal.broken();
    return $multi(format);
}
