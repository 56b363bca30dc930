/** Which files this process has open: the system lists them in /proc. Linux. */
import * as ffi from "ffi";
import * as files from "./files";
import * as time_slice from "../time/time_slice";

// Names of our own, so that other libraries' declarations of the same functions are of no matter.
ffi.cdef(`
    char *openclaw_real_path(const char *path, char *resolved) __asm__("realpath");
    long openclaw_read_link(const char *path, char *target, size_t bytes) __asm__("readlink");
`);

/** PATH_MAX. Source: Linux's limits.h. */
const MOST_PATH_BYTES = 4096;
const DESCRIPTORS = "/proc/self/fd";
/** A look takes about a microsecond. */
const LOOKS_AT_A_STRETCH = 256;

/** One for the worker: never in use over a yield. */
const path_text = ffi.new("char[?]", MOST_PATH_BYTES) as unknown as Bytes;

/** A path without links in it; nothing where there is no such file. */
function resolve(path: string): string | undefined {
    if (ffi.C.openclaw_real_path!(path, path_text) === undefined) return undefined;
    return ffi.string(path_text);
}

/** Whether a descriptor is of the file of that name; of a file that was removed the system says so behind its name. */
function leads_to(descriptor: string, name: string): boolean {
    const link = `${DESCRIPTORS}/${descriptor}`;
    const bytes = tonumber(ffi.C.openclaw_read_link!(link, path_text, MOST_PATH_BYTES))!;
    return bytes === name.length && ffi.string(path_text, bytes) === name;
}

/**
 * Whether the file that has that name now is one that this process has open, and not one that was made by another since
 * the name was given up. False where that cannot be told. Phases: those that may yield.
 */
export function has(path: string): boolean {
    const name = resolve(path);
    if (name === undefined) return false;
    const [descriptors] = files.names(DESCRIPTORS);
    let looks = 0;
    for (const descriptor of descriptors ?? []) {
        if (leads_to(descriptor, name)) return true;
        looks += 1;
        if (looks % LOOKS_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    return false;
}
