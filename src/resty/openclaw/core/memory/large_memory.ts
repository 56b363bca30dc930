/** How the C library deals with megabytes. Pure Lua, and only for glibc: others have no such options. */
import * as ffi from "ffi";

// Under a name of our own, as other libraries may declare the same function otherwise.
ffi.cdef(`int openclaw_mallopt(int option, int value) __asm__("mallopt");`);

/** M_MMAP_THRESHOLD, M_TRIM_THRESHOLD and M_TOP_PAD of glibc. */
const MMAP_THRESHOLD = -3;
const TRIM_THRESHOLD = -1;
const TOP_PAD = -2;

/**
 * Memory of this length, for which there is no room, is the system's again as soon as it is freed. Bodies are mostly shorter: new memory costs
 * 0.5 ms for each MB.
 */
export const LARGE_BYTES = 16 * 1024 * 1024;
/** When more is free at the end of its memory, it gives back what is beyond `KEPT_BYTES`: 0.1 ms for each MB. */
const FREE_BYTES = 2 * LARGE_BYTES;
const KEPT_BYTES = FREE_BYTES - 2 * 1024 * 1024;

function set(option: number, value: number): void {
    ffi.C.openclaw_mallopt!(option, value);
}

/**
 * Has the process give back large memory that is free, but not all of it in one go. Otherwise glibc keeps, for each thread, memory for the largest
 * that it has seen, and then gives back all at once. Phases: any.
 */
export function give_back(): void {
    // Where the first does not exist, the others do not, either.
    const [is_known] = pcall(set, MMAP_THRESHOLD, LARGE_BYTES);
    if (!is_known) return;
    set(TRIM_THRESHOLD, FREE_BYTES);
    set(TOP_PAD, KEPT_BYTES);
}
