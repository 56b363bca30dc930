/** Memory of the C library: what is large is not the garbage collector's, and is given back at once. */
import * as ffi from "ffi";

// Names of our own, so that other libraries' declarations of the same functions are of no matter. Sources: malloc(3), memchr(3).
ffi.cdef(`
    void *openclaw_malloc(size_t bytes) __asm__("malloc");
    void openclaw_free(void *memory) __asm__("free");
    void *openclaw_memchr(const void *memory, int byte, size_t bytes) __asm__("memchr");
`);

/** So many bytes, which are given back when the value is collected; nothing if there is no memory. Phases: any. */
export function take(bytes: number): Bytes | undefined {
    const memory = ffi.C.openclaw_malloc!(math.max(bytes, 1)) as CValue | undefined;
    if (memory === undefined) return undefined;
    return ffi.gc(ffi.cast("uint8_t *", memory) as unknown as CValue, ffi.C.openclaw_free) as unknown as Bytes;
}

/** Gives memory of `take` back at once. Nobody may use it any more. Phases: any. */
export function give_back(memory: Bytes): void {
    ffi.gc(memory as unknown as CValue, undefined);
    ffi.C.openclaw_free!(memory);
}

/** The place of a byte from `at` on, before `end`; `end` if there is none. Phases: any. */
export function find_byte(memory: Bytes, at: number, end: number, byte: number): number {
    const found = ffi.C.openclaw_memchr!(pointer_add(memory, at), byte, end - at) as CValue | undefined;
    if (found === undefined) return end;
    return pointer_difference(ffi.cast("const uint8_t *", found), memory);
}
