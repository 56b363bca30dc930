/**
 * A line of a spool's files: eight hexadecimal digits of a checksum, eight of the time when the entry came (seconds since
 * 1970), the entry, a line end. The checksum is the CRC-32 of ISO 3309, as in gzip, of all between it and the line end.
 */
import * as ffi from "ffi";
import * as buffers from "string.buffer";

// Names of our own, so that other libraries' declarations of the same functions are of no matter.
ffi.cdef(`
    unsigned int openclaw_spool_checksum(const uint8_t *bytes, size_t count) __asm__("ngx_http_lua_ffi_crc32_long");
    uint8_t *openclaw_spool_find(const uint8_t *bytes, int byte, size_t count) __asm__("memchr");
`);

/** What stands before the entry, in bytes. */
export const HEAD_BYTES = 16;
/** What a line has besides the entry. */
export const OTHER_BYTES = HEAD_BYTES + 1;
const CHECKSUM_BYTES = 8;
const LINE_END = 10;

const written = buffers.new();

/** The checksum of so many bytes as text. */
function checksum(memory: Bytes, count: number): string {
    return string.format("%08x", tonumber(ffi.C.openclaw_spool_checksum!(memory, count))!);
}

/** The line of an entry that came at that time: where it is until the next call, and how long. Phases: any. */
export function encode(entry: string, seconds: number): LuaMultiReturn<[memory: Bytes, bytes: number]> {
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

/** Whether a line of so many bytes without its end is as it was written. Phases: any. */
export function is_sound(memory: Bytes, bytes: number): boolean {
    if (bytes <= HEAD_BYTES) return false;
    const claimed = ffi.string(memory, CHECKSUM_BYTES);
    return claimed === checksum(pointer_add(memory, CHECKSUM_BYTES), bytes - CHECKSUM_BYTES);
}

/** When the entry of this line came, in seconds since 1970; 0 for what is no line. Phases: any. */
export function stamp(memory: Bytes): number {
    return tonumber(ffi.string(pointer_add(memory, CHECKSUM_BYTES), CHECKSUM_BYTES), 16) ?? 0;
}
