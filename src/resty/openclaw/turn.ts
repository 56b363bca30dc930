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
export function pass(): void {
    ngx.sleep(SECONDS);
}
