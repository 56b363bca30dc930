/** The formats of images that may come in, and the ones that are written. */
import type { Source } from "../../../core/files/byte_source";
import * as byte_source from "../../../core/files/byte_source";
import * as image_size from "../../../core/media/image_size";
import * as magic from "../../../core/media/magic";
import * as heif from "../../../core/media/sizes/heif";

/** A format that libvips may read. */
export interface Format {
    /** Its media type. */
    readonly media_type: string;
    /** The operation of libvips, without "_buffer". libvips reads no BMP by itself. */
    readonly loader: string | undefined;
    /** How "keep" writes it; with an alpha channel, where that differs. */
    readonly kept: Written;
    readonly kept_alpha: Written;
    /** How libheif calls its coding. */
    readonly heif_coding: number | undefined;
}

export type Written = "jpeg" | "png" | "webp";

export const MEDIA_TYPES: Readonly<Record<Written, string>> = {
    jpeg: "image/jpeg",
    png: "image/png",
    webp: "image/webp",
};

/** "keep": what was lossless stays so, and photographs do not become large. */
function format(
    media_type: string,
    loader: string | undefined,
    kept: Written,
    kept_alpha: Written = kept,
    heif_coding?: number,
): Format {
    return { media_type, loader, kept, kept_alpha, heif_coding };
}

const FORMATS: Readonly<Record<string, Format | undefined>> = {
    "image/jpeg": format("image/jpeg", "jpegload", "jpeg"),
    "image/png": format("image/png", "pngload", "png"),
    "image/webp": format("image/webp", "webpload", "webp"),
    "image/gif": format("image/gif", "gifload", "png"),
    "image/tiff": format("image/tiff", "tiffload", "png"),
    "image/bmp": format("image/bmp", undefined, "png"),
    [heif.HEIF]: format(heif.HEIF, "heifload", "jpeg", "png", 1),
    [heif.AVIF]: format(heif.AVIF, "heifload", "jpeg", "png", 4),
};

/** The format by the first bytes, whatever else the file may be; nothing where it is none of these. */
export function find(source: Source): Format | undefined {
    const found = magic.find(source, image_size.TYPES);
    if (found !== undefined) return FORMATS[found];
    const its_type = heif.media_type(byte_source.some(source, 0, magic.FIRST_BYTES));
    return its_type === undefined ? undefined : FORMATS[its_type];
}

/** Width and height in pixels by the header; nothing where that is broken. */
export function size(
    source: Source,
    its_format: Format,
): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    if (its_format.heif_coding !== undefined) return heif.size(source);
    return image_size.find(source, its_format.media_type);
}
