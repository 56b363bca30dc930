/** The memory itself: an anonymous mapping, an array of doubles made of blocks of slots. Linux. */
import * as ffi from "ffi";

ffi.cdef("void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset);");
ffi.cdef("int munmap(void *address, size_t length);");

/** Slots a block has. Pages that nobody writes cost no memory. */
export const SLOTS = 393216;
/** From this slot on, a block's slots fall to zero with the worker that holds it, but for those a held row keeps. */
export const FIRST_TRANSIENT = 262144;
/** A whole number of pages, whatever their size. */
export const BLOCK_BYTES = SLOTS * 8;

const PROT_READ_WRITE = 0x1 | 0x2;
const MAP_SHARED = 0x01;
const MAP_PRIVATE = 0x02;
/** MAP_ANONYMOUS | MAP_NORESERVE, as x86-64 and ARM have them. */
const MAP_LAZY = 0x20 | 0x4000;

/** Maps that many blocks, all zero. Raises when the system refuses. */
export function create(blocks: number, shared: boolean): Doubles {
    const bytes = blocks * BLOCK_BYTES;
    const sharing = shared ? MAP_SHARED : MAP_PRIVATE;
    const address = ffi.C.mmap!(undefined, bytes, PROT_READ_WRITE, sharing | MAP_LAZY, -1, 0);
    if (ffi.cast("intptr_t", address) === ffi.cast("intptr_t", -1)) {
        error(`shared_memory: cannot map ${bytes} bytes: errno ${ffi.errno()}`, 0);
    }
    return ffi.cast("double *", address);
}

/** Gives that many blocks back to the system, in this process: others that have inherited them keep theirs. */
export function unmap(base: Doubles, blocks: number): void {
    ffi.C.munmap!(base, blocks * BLOCK_BYTES);
}

/** Has private memory go when this Lua VM ends, which every reload begins anew; whoever keeps the result keeps it. */
export function unmapped_with_lua(base: Doubles, blocks: number): Doubles {
    return ffi.gc(base as never, (memory: Doubles) => unmap(memory, blocks)) as never;
}

/** The address as text, for a process that has inherited the mapping. */
export function to_text(base: Doubles): string {
    // A user-space address has at most 47 bits, so a double holds it exactly.
    return string.format("%.0f", tonumber(ffi.cast("uintptr_t", base)));
}

/** Undoes `to_text`. */
export function from_text(address: string): Doubles {
    return ffi.cast("double *", tonumber(address));
}

/** Where a block begins. */
export function block_at(base: Doubles, block: number): Doubles {
    return pointer_add(base, block * SLOTS);
}

/** Zeroes so many slots of a block from one on. */
export function clear(base: Doubles, block: number, slot: number, count: number): void {
    ffi.fill(pointer_add(base, block * SLOTS + slot), count * 8);
}

/** Adds all that one block holds to another. */
export function merge(from: Doubles, into: Doubles): void {
    for (const slot of $range(0, SLOTS - 1)) {
        const value = from.get(slot);
        if (value !== 0) into.set(slot, into.get(slot) + value);
    }
}
