/** A clock that nobody sets: what waits and what is given up follow it, so that a jump of the time of day is no matter. */
import * as ffi from "ffi";

function read_boot(): string {
    const [file] = io.open("/proc/sys/kernel/random/boot_id", "r");
    if (file === undefined) return "";
    const line = file.read("*l");
    file.close();
    return line ?? "";
}

/** Names the start of the machine since which `now` goes on; no two have one name. Empty where the system does not tell. */
export const BOOT = read_boot();

// A name of our own, so that other libraries' declarations of the same variable are of no matter.
ffi.cdef('extern volatile uintptr_t openclaw_current_msec __asm__("ngx_current_msec");');

const library = ffi.C as unknown as { readonly openclaw_current_msec: unknown };

/**
 * Seconds since some moment, the same for all processes of the machine: nginx's own clock for timers, as old as its
 * round of events. Phases: any. Source: ngx_monotonic_time in ngx_times.c.
 */
export function now(): MonotonicTime {
    return (tonumber(library.openclaw_current_msec)! / 1000) as MonotonicTime;
}
