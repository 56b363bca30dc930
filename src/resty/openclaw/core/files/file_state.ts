/** Tells whether a file has changed, without reading it. Linux. */
import * as ffi from "ffi";
import * as files from "./files";

// Under a name of our own, as other libraries may declare the same function otherwise.
ffi.cdef(`
    int openclaw_file_state_statx(int folder, const char *path, int flags, unsigned int mask, void *result) __asm__("statx");
`);

/** From Linux's fcntl.h and stat.h. The result of statx has the same layout on every kind of machine. */
const AT_FDCWD = -100;
/** STATX_MTIME | STATX_CTIME | STATX_INO | STATX_SIZE */
const MASK = 0x40 | 0x80 | 0x100 | 0x200;
const STATX_BYTES = 256;
/** Inode and size. */
const IDENTITY_AT = 32;
const IDENTITY_BYTES = 16;
/** When the inode and when the contents changed: 64 bits of seconds, 32 of nanoseconds, each time, and 32 bits without meaning. */
const TIMES_AT = 96;
const TIMES_BYTES = 28;
/** The numbers of the device. */
const DEVICE_AT = 136;
const DEVICE_BYTES = 8;

/** The state of a file that is not there, or cannot be looked at. */
export const ABSENT = "";

const result = ffi.new("uint8_t[?]", STATX_BYTES) as unknown as Bytes;

function statx(path: string): number {
    return ffi.C.openclaw_file_state_statx!(AT_FDCWD, path, 0, MASK, result) as number;
}

/** C libraries before glibc 2.28 and musl 1.2.5 lack the call, systems before Linux 4.11 and some sandboxes refuse it. */
const [is_declared, outcome] = pcall(statx, "/");
const has_statx = is_declared && outcome === 0;

/** A slice of the result: binary, for comparisons alone. */
function slice(at: number, count: number): string {
    return ffi.string(pointer_add(result, at), count);
}

/**
 * A text that differs when a file was changed, replaced by another one or by another target of a link, or when its rights
 * changed: from its inode, size and times with nanoseconds; ABSENT where it cannot be looked at. To be compared alone. Where
 * the system lacks statx, from the file's first bytes. Two changes within a clock tick of the system (4 ms) may look alike.
 * Phases: any; blocks as long as the disk takes. Source: statx(2).
 */
export function of(path: string, most_bytes: number): string {
    if (has_statx) {
        if (statx(path) !== 0) return ABSENT;
        return slice(IDENTITY_AT, IDENTITY_BYTES) + slice(TIMES_AT, TIMES_BYTES) + slice(DEVICE_AT, DEVICE_BYTES);
    }
    const [text] = files.beginning(path, most_bytes);
    return text === undefined ? ABSENT : ngx.md5(text);
}
