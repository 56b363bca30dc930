/**
 * Memory outside Lua's, for what may have megabytes: it is given back at once and not when the garbage collector comes, and its address may
 * be handed to a thread of nginx. Pure Lua.
 */
import * as ffi from "ffi";

// Under names of our own, as other libraries may declare the same functions otherwise.
ffi.cdef(`
    void *openclaw_memory_allocate(size_t bytes) __asm__("malloc");
    void openclaw_memory_free(void *memory) __asm__("free");
    void *openclaw_memory_find(const void *memory, int byte, size_t bytes) __asm__("memchr");
`);

/** A finalizer: LuaJIT calls it when nobody knows the memory any more. */
const release = ffi.C.openclaw_memory_free;

/** So many bytes, which nobody has set; nothing if there is no memory. Phases: any. */
export function allocate(bytes: number): Bytes | undefined {
    // Of no bytes some systems give nothing.
    const memory = ffi.C.openclaw_memory_allocate!(math.max(bytes, 1)) as CValue | undefined;
    if (memory === undefined) return undefined;
    return ffi.gc(ffi.cast("uint8_t *", memory) as unknown as CValue, release) as unknown as Bytes;
}

/** Gives the memory back. It must not be used any more. Phases: any. */
export function free(memory: Bytes): void {
    ffi.gc(memory as unknown as CValue, undefined);
    ffi.C.openclaw_memory_free!(memory);
}

/** Its address as a number, which a double holds exactly: addresses of programs have 47 bits. It stays this object's. Phases: any. */
export function address_of(memory: Bytes): number {
    return tonumber(ffi.cast("uintptr_t", memory))!;
}

/** Hands the memory over to whoever gets its address: it is not given back here any more. Phases: any. */
export function hand_over(memory: Bytes): number {
    ffi.gc(memory as unknown as CValue, undefined);
    return address_of(memory);
}

/** The memory at an address that somebody has handed over. Phases: any. */
export function take_over(address: number): Bytes {
    return ffi.gc(ffi.cast("uint8_t *", address) as unknown as CValue, release) as unknown as Bytes;
}

/** The memory at an address that stays somebody else's. Phases: any. */
export function at(address: number): Bytes {
    return ffi.cast("uint8_t *", address);
}

/** The place of a byte from `at` on, before `limit`; `limit` if there is none. Phases: any. */
export function find_byte(memory: Bytes, at: number, limit: number, byte: number): number {
    const found = ffi.C.openclaw_memory_find!(pointer_add(memory, at), byte, limit - at) as CValue | undefined;
    if (found === undefined) return limit;
    return pointer_difference(ffi.cast("const uint8_t *", found), memory);
}
