/**
 * Takes metadata off: from an image before it is written, and from the file that was written. libvips 8.14 makes new EXIF data for WebP
 * whatever it is told, and for a JPEG with a colour profile.
 */
import * as bit from "bit";
import * as ffi from "ffi";
import type { Written } from "./formats";
import type { Image, Library } from "./library";

ffi.cdef('void *openclaw_metadata_move(void *to, const void *from, size_t bytes) __asm__("memmove");');

const PROFILE = "icc-profile-data";

/** Takes all metadata off an image that nobody else has, but the colour profile where it is to stay. */
export function remove(library: Library, image: Image, has_profile: boolean): void {
    const fields = library.openclaw_vips_image_get_fields!(image) as CValue;
    const names = fields as unknown as { get: LuaTableGetMethod<number, CValue | undefined> };
    let index = 0;
    let name = names.get(index);
    while (name !== undefined) {
        const field = ffi.string(name);
        // Of fields that each image has, such as its width, this removes nothing.
        if (field !== PROFILE || !has_profile) library.openclaw_vips_image_remove!(image, field);
        index += 1;
        name = names.get(index);
    }
    library.openclaw_vips_strfreev!(fields);
}

/** Moves what comes after a stretch to its beginning; how many bytes there are then. */
function cut(memory: Bytes, bytes: number, from: number, to: number): number {
    ffi.C.openclaw_metadata_move!(pointer_add(memory, from), pointer_add(memory, to), bytes - to);
    return bytes - (to - from);
}

const MARK = 0xff;
const SCAN = 0xda;
const APP0 = 0xe0;
const PROFILE_SEGMENT = 0xe2;
/** Adobe's segment says how the colours are coded. */
const CODING_SEGMENT = 0xee;
const APP15 = 0xef;
const COMMENT = 0xfe;

/** Whether a segment is metadata: a segment for applications, or a comment. libvips writes nothing else than the profile into APP2. */
function is_metadata(marker: number, has_profile: boolean): boolean {
    if (marker === COMMENT) return true;
    if (marker === PROFILE_SEGMENT) return !has_profile;
    return marker > APP0 && marker <= APP15 && marker !== CODING_SEGMENT;
}

/** Without segments of metadata. The file is one that libvips wrote: nothing but segments comes before the scan. */
function clean_jpeg(memory: Bytes, count: number, has_profile: boolean): number {
    let bytes = count;
    let at = 2;
    while (at + 4 <= bytes && memory.get(at) === MARK && memory.get(at + 1) !== SCAN) {
        const end = at + 2 + memory.get(at + 2) * 0x100 + memory.get(at + 3);
        if (end <= bytes && is_metadata(memory.get(at + 1), has_profile)) bytes = cut(memory, bytes, at, end);
        else at = end;
    }
    return bytes;
}

function low_4(memory: Bytes, at: number): number {
    return memory.get(at) + memory.get(at + 1) * 0x100 + memory.get(at + 2) * 0x10000 + memory.get(at + 3) * 0x1000000;
}

function write_low_4(memory: Bytes, at: number, number: number): void {
    for (const index of $range(0, 3)) memory.set(at + index, math.floor(number / 2 ** (8 * index)) % 0x100);
}

/** RFC 9649, section 2.7: after the header of the file and that of the chunk VP8X, whose flags come first. */
const FIRST_CHUNK = 12;
const CHUNK_HEADER = 8;
const FLAGS = FIRST_CHUNK + CHUNK_HEADER;
const FLAG_PROFILE = 0x20;
/** Of EXIF and XMP. */
const FLAGS_METADATA = 0x08 + 0x04;

/** Without chunks of metadata, and with flags and a length that say so. */
function clean_webp(memory: Bytes, count: number, has_profile: boolean): number {
    if (count < FLAGS + 1 || ffi.string(pointer_add(memory, FIRST_CHUNK), 4) !== "VP8X") return count;
    let bytes = count;
    let at = FIRST_CHUNK;
    while (at + CHUNK_HEADER <= bytes) {
        const kind = ffi.string(pointer_add(memory, at), 4);
        const length = low_4(memory, at + 4);
        const end = math.min(at + CHUNK_HEADER + length + (length % 2), bytes);
        const is_unwanted = kind === "EXIF" || kind === "XMP " || (kind === "ICCP" && !has_profile);
        if (is_unwanted) bytes = cut(memory, bytes, at, end);
        else at = end;
    }
    const unwanted = FLAGS_METADATA + (has_profile ? 0 : FLAG_PROFILE);
    memory.set(FLAGS, bit.band(memory.get(FLAGS), 0xff - unwanted));
    write_low_4(memory, 4, bytes - CHUNK_HEADER);
    return bytes;
}

/** Takes metadata off a file that libvips wrote, in its place in memory; how many bytes it has then. */
export function clean(written: Written, memory: Bytes, count: number, has_profile: boolean): number {
    if (written === "jpeg") return clean_jpeg(memory, count, has_profile);
    return written === "webp" ? clean_webp(memory, count, has_profile) : count;
}
