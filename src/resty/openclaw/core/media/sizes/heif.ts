/**
 * The size of a HEIF or AVIF: ISO/IEC 14496-12 (boxes) and 23008-12 (images in them). The largest one of all images in the file: the one
 * that is shown may be made of several others.
 */
import * as integers from "../../bytes/integers";
import type { Source } from "../../files/byte_source";
import * as byte_source from "../../files/byte_source";

export const HEIF = "image/heif";
export const AVIF = "image/avif";

const BOX_HEADER = 8;
/** Where a box has its length in 8 bytes after its type. */
const LONG_BOX_HEADER = 16;
/** The version and the flags of a "full" box. */
const FULL = 4;
/** The first brand, its version, and then others of 4 bytes each. */
const FIRST_BRAND = 9;
const OTHER_BRANDS = 17;
const BRAND = 4;

/** Brands of still images and sequences: coded as HEVC (23008-12, annex B), as AV1 (AVIF 1.1, section 6), or as something. */
const HEVC_BRANDS = new LuaSet<string>();
const AV1_BRANDS = new LuaSet<string>();
const GENERAL_BRANDS = new LuaSet<string>();
for (const brand of ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"]) HEVC_BRANDS.add(brand);
for (const brand of ["avif", "avis"]) AV1_BRANDS.add(brand);
for (const brand of ["mif1", "mif2", "msf1"]) GENERAL_BRANDS.add(brand);

/** `image/heif` or `image/avif`, by the brands among the first bytes; nothing where it is neither. Phases: any. */
export function media_type(this: void, first: string): string | undefined {
    if (string.sub(first, 5, 8) !== "ftyp") return undefined;
    const major = string.sub(first, FIRST_BRAND, FIRST_BRAND + BRAND - 1);
    if (AV1_BRANDS.has(major)) return AVIF;
    if (HEVC_BRANDS.has(major)) return HEIF;
    if (!GENERAL_BRANDS.has(major)) return undefined;
    const end = math.min(first.length, integers.high_4(first, 1));
    for (const at of $range(OTHER_BRANDS, end - BRAND + 1, BRAND)) {
        if (AV1_BRANDS.has(string.sub(first, at, at + BRAND - 1))) return AVIF;
    }
    return HEIF;
}

/** A box: its type, where its contents begin, and where they end; nothing where none begins there. */
function box(
    source: Source,
    at: number,
    limit: number,
): LuaMultiReturn<[kind: string, from: number, end: number] | [undefined]> {
    const header = byte_source.some(source, at, LONG_BOX_HEADER);
    if (header.length < BOX_HEADER) return $multi(undefined);
    const kind = string.sub(header, 5, 8);
    const bytes = integers.high_4(header, 1);
    if (bytes === 0) return $multi(kind, at + BOX_HEADER, limit);
    const is_long = bytes === 1;
    if (is_long && header.length < LONG_BOX_HEADER) return $multi(undefined);
    const from = at + (is_long ? LONG_BOX_HEADER : BOX_HEADER);
    const end = at + (is_long ? integers.high_8(header, 9) : bytes);
    if (end < from || end > limit) return $multi(undefined);
    return $multi(kind, from, end);
}

/** Where the contents of the first box of that type begin and end. */
function find(
    source: Source,
    wanted: string,
    from: number,
    limit: number,
): LuaMultiReturn<[from: number, end: number] | [undefined]> {
    let at = from;
    // Ends: each read moves on, and a source has a number of reads.
    while (at < limit) {
        const [kind, contents, end] = box(source, at, limit);
        if (kind === undefined) return $multi(undefined);
        if (kind === wanted) return $multi(contents, end);
        at = end;
    }
    return $multi(undefined);
}

/** The properties of all images. */
function properties(source: Source): LuaMultiReturn<[from: number, end: number] | [undefined]> {
    const [meta, meta_end] = find(source, "meta", 0, source.bytes);
    if (meta === undefined) return $multi(undefined);
    const [all, all_end] = find(source, "iprp", meta + FULL, meta_end);
    if (all === undefined) return $multi(undefined);
    const [from, end] = find(source, "ipco", all, all_end);
    if (from === undefined) return $multi(undefined);
    return $multi(from, end);
}

/** Width and height in pixels of the largest image; nothing where there is none, or one has a side of 0. Phases: any. */
export function size(this: void, source: Source): LuaMultiReturn<[width: number, height: number] | [undefined]> {
    const [first, limit] = properties(source);
    if (first === undefined) return $multi(undefined);
    let at = first;
    let width = 0;
    let height = 0;
    while (at < limit) {
        const [kind, from, end] = box(source, at, limit);
        if (kind === undefined) return $multi(undefined);
        if (kind === "ispe") {
            const sides = byte_source.all(source, from + FULL, 8);
            if (sides === undefined || end - from < FULL + 8) return $multi(undefined);
            const its_width = integers.high_4(sides, 1);
            const its_height = integers.high_4(sides, 5);
            if (its_width === 0 || its_height === 0) return $multi(undefined);
            if (its_width * its_height > width * height) {
                width = its_width;
                height = its_height;
            }
        }
        at = end;
    }
    if (width === 0) return $multi(undefined);
    return $multi(width, height);
}
