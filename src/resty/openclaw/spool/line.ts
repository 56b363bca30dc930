/**
 * The lines of segments: eight hexadecimal digits of a checksum, eight of the time when the entry was appended (seconds since 1970), the
 * entry, a line end. The checksum is the CRC-32 of ISO 3309, as in gzip, of all between it and the line end.
 */
import * as ffi from "ffi";
import * as buffers from "string.buffer";

// Under names of our own, as other libraries may declare the same functions otherwise.
ffi.cdef(`
    unsigned int openclaw_spool_checksum(const uint8_t *bytes, size_t count) __asm__("ngx_http_lua_ffi_crc32_long");
    uint8_t *openclaw_spool_find(const uint8_t *bytes, int byte, size_t count) __asm__("memchr");
`);

/** Bytes before the entry. */
export const HEAD_BYTES = 16;
/** Bytes of a line besides the entry. */
export const OTHER_BYTES = HEAD_BYTES + 1;
const CHECKSUM_BYTES = 8;
const LINE_END = 10;

const written = buffers.new();

/** The checksum of so many bytes, in hex. */
function checksum(memory: Bytes, count: number): string {
    return string.format("%08x", tonumber(ffi.C.openclaw_spool_checksum!(memory, count))!);
}

/** The line of an entry, in memory that holds it until the next call, and its length. Phases: any. */
export function encode(entry: string, seconds: WallTime): LuaMultiReturn<[memory: Bytes, bytes: number]> {
    const [place, count] = written.reset().put("        ", string.format("%08x", seconds), entry, "\n").ref();
    const memory = place as unknown as Bytes;
    const bytes = count - CHECKSUM_BYTES - 1;
    ffi.copy(place, checksum(pointer_add(memory, CHECKSUM_BYTES), bytes), CHECKSUM_BYTES);
    return $multi(memory, count);
}

/** How many bytes there are before the first line end; nothing where there is none. Phases: any. */
export function length(memory: Bytes, count: number): number | undefined {
    const found = ffi.C.openclaw_spool_find!(memory, LINE_END, count) as Bytes | undefined;
    return found === undefined ? undefined : pointer_difference(found, memory);
}

/** Whether the checksum of a line is right. `bytes`: its length without the line end. Phases: any. */
export function is_valid(memory: Bytes, bytes: number): boolean {
    if (bytes <= HEAD_BYTES) return false;
    const given = ffi.string(memory, CHECKSUM_BYTES);
    return given === checksum(pointer_add(memory, CHECKSUM_BYTES), bytes - CHECKSUM_BYTES);
}

/** When the entry of a line was appended; 0 where that cannot be read. Phases: any. */
export function stamp(memory: Bytes): WallTime {
    const seconds = tonumber(ffi.string(pointer_add(memory, CHECKSUM_BYTES), CHECKSUM_BYTES), 16) ?? 0;
    return seconds as WallTime;
}
