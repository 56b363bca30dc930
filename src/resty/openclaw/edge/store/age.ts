/**
 * How long ago a record was written, also where the time of day was set since. A machine without a clock of its own, as
 * many an edge is, begins with some time and learns the right one over the very link that its jobs wait for: all of them
 * would seem too old at that moment. So a record says as well how long the machine had been up.
 */
import * as clock from "../../core/time/clock";
import type { Head } from "./record";

/** Has a head say when it was written, by the machine's uptime; returns it. Phases: any. */
export function stamped(head: Head): Head {
    head.boot = clock.BOOT;
    head.uptime = clock.now();
    return head;
}

/**
 * Its age in seconds: by the machine's uptime while that goes on, else by the time of day. `written`: when it was written, in
 * seconds since 1970 as the clock was then. Phases: any.
 */
export function of(head: Head, written: number): number {
    if (clock.BOOT === "" || head.boot !== clock.BOOT || typeof head.uptime !== "number") return ngx.now() - written;
    return clock.now() - head.uptime;
}
