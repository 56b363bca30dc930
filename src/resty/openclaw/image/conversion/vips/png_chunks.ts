/**
 * The parts of a PNG that make its picture, in memory of their own: W3C's Portable Network Graphics, section 5. Compressed texts and
 * chunks that nobody knows could cost decoders much more memory than the picture.
 */
import * as ffi from "ffi";

ffi.cdef(`
    void *openclaw_png_malloc(size_t bytes) __asm__("malloc");
    void openclaw_png_free(void *memory) __asm__("free");
`);

const SIGNATURE_BYTES = 8;
/** Length, type and checksum. */
const AROUND_DATA = 12;
const END = "IEND";
/** Orientation is all that is wanted of EXIF, which in a JPEG has 64 KB at most. */
const EXIF = "eXIf";
const MOST_EXIF_BYTES = 65536;

/** Palette, transparency, colour profile and image data. What is like them for colours, libpng only reports. */
const WANTED = new LuaSet<string>();
for (const kind of ["IHDR", "PLTE", "tRNS", "iCCP", "IDAT", END, EXIF]) WANTED.add(kind);

function high_4(memory: Bytes, at: number): number {
    return memory.get(at) * 0x1000000 + memory.get(at + 1) * 0x10000 + memory.get(at + 2) * 0x100 + memory.get(at + 3);
}

/**
 * Calls `take` for each stretch of bytes that make the picture. What comes after the end, and a header without its chunk, are left out; of
 * a chunk that is cut there is what there is.
 */
function each_stretch(memory: Bytes, count: number, take: (this: void, from: number, bytes: number) => void): void {
    let from = 0;
    let at = SIGNATURE_BYTES;
    while (at + AROUND_DATA <= count) {
        const bytes = high_4(memory, at);
        const kind = ffi.string(pointer_add(memory, at + 4), 4);
        const end = math.min(at + AROUND_DATA + bytes, count);
        if (!WANTED.has(kind) || (kind === EXIF && bytes > MOST_EXIF_BYTES)) {
            if (at > from) take(from, at - from);
            from = end;
        }
        at = end;
        if (kind === END) break;
    }
    const last = math.min(at, count);
    if (last > from) take(from, last - from);
}

/** A copy of the parts that make the picture; nothing where there is no memory. Each has to be given to `free`. */
export function copy(memory: Bytes, count: number): LuaMultiReturn<[copied: Bytes, bytes: number] | [undefined]> {
    const copied = ffi.C.openclaw_png_malloc!(count) as Bytes | undefined;
    if (copied === undefined) return $multi(undefined);
    const target = ffi.cast("uint8_t *", copied);
    let filled = 0;
    each_stretch(memory, count, (from, bytes) => {
        ffi.copy(pointer_add(target, filled), pointer_add(memory, from), bytes);
        filled += bytes;
    });
    return $multi(target, filled);
}

/** Gives the memory of a copy back. */
export function free(copied: Bytes): void {
    ffi.C.openclaw_png_free!(copied);
}
