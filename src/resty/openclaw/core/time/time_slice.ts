/** Lets other requests have their turn in the middle of long work. */
import * as ffi from "ffi";

ffi.cdef("extern const char ngx_posted_delayed_events;");

function delayed_events(this: void): unknown {
    return ffi.C.ngx_posted_delayed_events;
}

/**
 * OpenResty's nginx is patched so that after a sleep of 0 all others have had their turn. Any other nginx goes on before
 * it looks at another event, and logs a warning; there it takes the shortest timer. Source: ngx_http_lua_sleep.c.
 */
const [has_delayed_events] = pcall(delayed_events);
const SECONDS = has_delayed_events ? 0 : 0.001;

/** Goes on when all who wait have had their turn. Phases: those that may yield. */
export function yield_now(): void {
    ngx.sleep(SECONDS);
}

// A name of our own, so that other libraries' declarations of the same function are of no matter.
ffi.cdef(`
    struct openclaw_slice_time { int64_t seconds; int64_t nanoseconds; };
    int openclaw_slice_clock(int which, struct openclaw_slice_time *time) __asm__("clock_gettime");
`);

interface Time {
    readonly seconds: unknown;
    readonly nanoseconds: unknown;
}

/** CLOCK_MONOTONIC. Source: Linux's time.h. */
const CLOCK_MONOTONIC = 1;
const present = ffi.new("struct openclaw_slice_time") as CValue & Time;

/** Milliseconds since some moment, read anew: nginx's own clocks stand still while a worker is at work. */
function read_clock(): number {
    ffi.C.openclaw_slice_clock!(CLOCK_MONOTONIC, present);
    return tonumber(present.seconds)! * 1e3 + tonumber(present.nanoseconds)! / 1e6;
}

/** How long work goes on without a pause, in milliseconds. */
const SLICE = 1;

/** When the work at hand has had its time. */
export interface Slice {
    /** In milliseconds. */
    ends: number;
}

/** Work that begins now. Phases: any. */
export function begin(): Slice {
    return { ends: read_clock() + SLICE };
}

/** Whether the work has gone on for a millisecond: 40 ns. Phases: any. */
export function is_over(of: Slice): boolean {
    return read_clock() >= of.ends;
}

/** Begins the next slice, after a pause. Phases: any. */
export function renew(of: Slice): void {
    of.ends = read_clock() + SLICE;
}

/**
 * A function to call between any two small pieces of long work: it calls `pause` when the work has gone on for a
 * millisecond since the last pause, whatever each piece takes. Phases: those in which `pause` may be called.
 */
export function paced(pause: (this: void) => void): (this: void) => void {
    const its_slice = begin();
    return () => {
        if (!is_over(its_slice)) return;
        pause();
        renew(its_slice);
    };
}
