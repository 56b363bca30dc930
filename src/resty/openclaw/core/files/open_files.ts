/** The open files of this process, from /proc. Linux. */
import * as ffi from "ffi";
import * as time_slice from "../time/time_slice";
import * as files from "./files";

// Under names of our own, as other libraries may declare the same functions otherwise.
ffi.cdef(`
    char *openclaw_real_path(const char *path, char *resolved) __asm__("realpath");
    long openclaw_read_link(const char *path, char *target, size_t bytes) __asm__("readlink");
`);

/** PATH_MAX. Source: Linux's limits.h. */
const MOST_PATH_BYTES = 4096;
const DESCRIPTORS = "/proc/self/fd";
/** Files checked before yielding; each takes about a microsecond. */
const FILES_AT_A_STRETCH = 256;

/** One for the worker: never in use over a yield. */
const path_text = ffi.new("char[?]", MOST_PATH_BYTES) as unknown as Bytes;

/** A path without links in it; nothing where there is no such file. */
function resolve(path: string): string | undefined {
    if (ffi.C.openclaw_real_path!(path, path_text) === undefined) return undefined;
    return ffi.string(path_text);
}

/** Whether a descriptor is that of the file with this name; for a removed file the system appends " (deleted)". */
function leads_to(descriptor: string, name: string): boolean {
    const link = `${DESCRIPTORS}/${descriptor}`;
    const bytes = tonumber(ffi.C.openclaw_read_link!(link, path_text, MOST_PATH_BYTES))!;
    return bytes === name.length && ffi.string(path_text, bytes) === name;
}

/**
 * Whether this process has the file with that name open; false for a file that another process has created under a name that was removed,
 * and where it is unknown. Phases: those that may yield.
 */
export function has(path: string): boolean {
    const name = resolve(path);
    if (name === undefined) return false;
    const [descriptors] = files.names(DESCRIPTORS);
    let checked = 0;
    for (const descriptor of descriptors ?? []) {
        if (leads_to(descriptor, name)) return true;
        checked += 1;
        if (checked % FILES_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    return false;
}
