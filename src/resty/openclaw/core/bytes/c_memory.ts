/**
 * Memory of the C library that grows with what is put into it: it is filled with nothing first, as LuaJIT fills its own, and given back
 * at once. What is never given back is garbage collected.
 */
import * as ffi from "ffi";

// Names of our own, so that other libraries' declarations of the same functions are of no matter.
ffi.cdef('void *openclaw_realloc(void *memory, size_t bytes) __asm__("realloc");');
ffi.cdef('void openclaw_free(void *memory) __asm__("free");');

export interface Region {
    /** Where it is; nothing while it has no bytes. Moves when the region grows. */
    memory: CValue | undefined;
    bytes: number;
}

/** A region of no bytes. Phases: any. */
function create(): Region {
    return { memory: undefined, bytes: 0 };
}
export { create as new };

/** Makes the region so long, keeping what is in it. False if there is no memory; then it is as it was. Phases: any. */
export function resize(region: Region, bytes: number): boolean {
    const { memory } = region;
    const grown = ffi.C.openclaw_realloc!(memory, bytes) as CValue | undefined;
    if (grown === undefined) return false;
    if (memory !== undefined) ffi.gc(memory, undefined);
    region.memory = ffi.gc(grown, ffi.C.openclaw_free);
    region.bytes = bytes;
    return true;
}

/** Gives the memory back; the region may grow again. Phases: any. */
export function release(region: Region): void {
    const { memory } = region;
    if (memory === undefined) return;
    ffi.gc(memory, undefined);
    ffi.C.openclaw_free!(memory);
    region.memory = undefined;
    region.bytes = 0;
}
