/** What of a file is counted before a decoder sees it: things that cost a decoder much more than the bytes that make them. */
import * as ffi from "ffi";
import type { Source } from "../../../core/files/byte_source";
import * as byte_source from "../../../core/files/byte_source";
import * as image_size from "../../../core/media/image_size";
import * as tiff from "../../../core/media/sizes/tiff";
import type { Format } from "./formats";

ffi.cdef(`
    void *openclaw_limits_find(const void *memory, size_t bytes, const void *wanted, size_t wanted_bytes) __asm__("memmem");
`);

/** A decoder goes over the whole picture for each scan, which may have no more than 20 bytes. Cameras and optimizers write about 10. */
const MOST_SCANS = 100;
const SCAN = string.char(0xff, 0xda);
/** libtiff looks at all of the images, for each of which 14 bytes are enough. */
const MOST_PAGES = 1000;

/** Whether a JPEG has few scans; a thumbnail or another image in the same file may have some as well. */
function has_few_scans(memory: Bytes, count: number): boolean {
    const limit = pointer_add(memory, count);
    let from = memory;
    for (const _ of $range(0, MOST_SCANS)) {
        const found = ffi.C.openclaw_limits_find!(from, pointer_difference(limit, from), SCAN, SCAN.length) as
            Bytes | undefined;
        if (found === undefined) return true;
        from = pointer_add(ffi.cast("const uint8_t *", found), SCAN.length);
    }
    return false;
}

function has_few_pages(memory: Bytes, count: number): boolean {
    const [source] = byte_source.open({ bytes: count, memory }, image_size.MOST_READS);
    return tiff.pages(source!, MOST_PAGES) < MOST_PAGES;
}

/** Whether a decoder may see the file, as far as its header is not what decides. */
export function are_kept(source: Source, format: Format): boolean {
    const { memory, bytes } = source;
    if (format.loader === "jpegload") return has_few_scans(memory!, bytes);
    if (format.loader === "tiffload") return has_few_pages(memory!, bytes);
    return true;
}
