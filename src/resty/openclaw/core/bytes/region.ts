/**
 * Memory of the system that grows without being copied: the system moves its pages. It is given back at once; what never is, is garbage
 * collected. Pages that nobody writes cost no memory. Linux.
 */
import * as ffi from "ffi";

// Names of our own, so that other libraries' declarations of the same functions are of no matter. Sources: mmap(2), mremap(2).
ffi.cdef(`
    void *openclaw_map(void *address, size_t length, int protection, int flags, int fd, long offset) __asm__("mmap");
    void *openclaw_remap(void *address, size_t length, size_t new_length, int flags) __asm__("mremap");
    int openclaw_unmap(void *address, size_t length) __asm__("munmap");
`);

export interface Region {
    /** Where it is; nothing while it has no bytes. Changes with its length. */
    memory: CValue | undefined;
    bytes: number;
}

/** Whole pages, whatever their size. */
export const LEAST_BYTES = 64 * 1024;

const PROT_READ_WRITE = 0x1 | 0x2;
/** MAP_PRIVATE | MAP_ANONYMOUS, as x86-64 and ARM have them. */
const MAP_PRIVATE_ANONYMOUS = 0x02 | 0x20;
const MREMAP_MAYMOVE = 1;

/** What mmap and mremap return on failure. */
const FAILED = ffi.cast("void *", -1);

/** A region of no bytes. Phases: any. */
function create(): Region {
    return { memory: undefined, bytes: 0 };
}
export { create as new };

function moved(memory: CValue | undefined, bytes: number, new_bytes: number): unknown {
    if (memory !== undefined) return ffi.C.openclaw_remap!(memory, bytes, new_bytes, MREMAP_MAYMOVE);
    return ffi.C.openclaw_map!(undefined, new_bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
}

/**
 * Makes the region at least so long, or shorter, and keeps what is in it. False if there is no memory; then it is as it was.
 * Phases: any.
 */
export function resize(region: Region, least_bytes: number): boolean {
    const { memory } = region;
    const bytes = math.ceil(math.max(least_bytes, 1) / LEAST_BYTES) * LEAST_BYTES;
    const grown = moved(memory, region.bytes, bytes);
    if (grown === FAILED) return false;
    if (memory !== undefined) ffi.gc(memory, undefined);
    region.memory = ffi.gc(grown as CValue, (its_memory: CValue) => ffi.C.openclaw_unmap!(its_memory, bytes));
    region.bytes = bytes;
    return true;
}
