/** Lets the worker go before its conversions where both want a processor. Linux gives each thread a priority of its own. */
import * as ffi from "ffi";

ffi.cdef(`
    int openclaw_priority_get(int which, unsigned int who) __asm__("getpriority");
    int openclaw_priority_set(int which, unsigned int who, int niceness) __asm__("setpriority");
`);

/** PRIO_PROCESS, and the calling thread. */
const PROCESS = 0;
const THIS = 0;
const NICENESS = 10;

/**
 * Lowers the priority of the thread that calls it, and of the threads that it starts from then on, for good: without privileges none can be
 * raised. Does nothing where it is lower already. Phases: any, but not in the worker's own thread.
 */
export function lower(): void {
    const niceness = ffi.C.openclaw_priority_get!(PROCESS, THIS) as number;
    if (niceness < NICENESS) ffi.C.openclaw_priority_set!(PROCESS, THIS, NICENESS);
}
