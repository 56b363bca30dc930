/** Pauses between two pieces of a page, so that nginx serves other requests, however many pages the worker writes at a time. */

/** The resolution of nginx's timers. */
const SECONDS = 0.001;

/** No page of this worker goes on before this. */
let busy_until = 0 as WallTime;

/** The clock may have been set back meanwhile, and does not count in halves of a millisecond. */
function is_busy(): boolean {
    const left = busy_until - ngx.now();
    return left > SECONDS / 2 && left < SECONDS * 2;
}

/**
 * Returns when other requests were served since the last piece of any page. Concurrent pages take turns, so that many pages block a worker
 * no longer than one. Phases: those that may yield.
 */
export function pause(): void {
    ngx.update_time();
    busy_until = later_by_wall(ngx.now(), SECONDS);
    while (is_busy()) ngx.sleep(SECONDS);
}
