/** Lets other requests have their turn between two pieces of a page, however many pages the worker is writing. */

/** The shortest that nginx's timers know. */
const SECONDS = 0.001;

/** Until then no page of this worker goes on. */
let busy_until = 0 as WallTime;

/** The clock may have been set back meanwhile, and does not count in halves of a millisecond. */
function is_busy(): boolean {
    const left = busy_until - ngx.now();
    return left > SECONDS / 2 && left < SECONDS * 2;
}

/**
 * Goes on when others had their turn since the last piece of any page: pages at the same time take turns, so that a
 * worker is held no longer by many than by one. Phases: those that may yield.
 */
export function pause(): void {
    ngx.update_time();
    busy_until = later_by_wall(ngx.now(), SECONDS);
    while (is_busy()) ngx.sleep(SECONDS);
}
