/** A clock that nobody sets: all processes of the machine read the same time from it. */
import * as ffi from "ffi";

ffi.cdef("extern volatile uintptr_t ngx_current_msec;");

/** Seconds since some moment in the past, as of this turn of nginx's loop. Source: ngx_monotonic_time in ngx_times.c. */
export function steady_seconds(): number {
    return tonumber(ffi.C.ngx_current_msec)! / 1000;
}
