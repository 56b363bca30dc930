/**
 * Requests that wait for a fetch, whichever worker does it. One timer looks for the end of it for all of them, fifty times a second
 * while any wait; requests themselves parse nothing.
 */
import type { Semaphore } from "ngx.semaphore";
import * as semaphore from "ngx.semaphore";
import * as clock from "../../../core/time/clock";
import type { Feed } from "./feed";
import * as feeds from "./feed";
import * as shared_keys from "./shared";

export interface Waiting {
    readonly feed: Feed;
    readonly semaphore: Semaphore;
    is_watched: boolean;
}

/** Requests of one worker that may wait at a time; those above are answered at once. */
const MOST = 512;
const LOOK_SECONDS = 0.02;

/** Nobody waits yet. Raises when there is no memory. Phases: init. */
function create(feed: Feed): Waiting {
    const [made, err] = semaphore.new();
    if (made === undefined) error(`auth: no semaphore: ${err}`, 0);
    return { feed, semaphore: made, is_watched: false };
}
export { create as new };

/**
 * Whether there is something to wait for: keys that another worker has fetched, or a fetch that has not run for long. Phases: any.
 */
export function is_worthwhile({ feed }: Waiting): boolean {
    const now = clock.now();
    if (feeds.is_behind(feed, now)) return true;
    const { shared, times } = feed;
    return now < later(shared_keys.started_at(shared), times.wait) && shared_keys.is_running(shared);
}

/** How many wait: the semaphore knows of those that were ended meanwhile. */
function count(waiting: Waiting): number {
    return math.max(0, -waiting.semaphore.count());
}

function watch(_premature: boolean, waiting: Waiting): void {
    while (count(waiting) > 0) {
        pcall(feeds.update, waiting.feed);
        if (!is_worthwhile(waiting)) waiting.semaphore.post(count(waiting));
        ngx.sleep(LOOK_SECONDS);
    }
    waiting.is_watched = false;
}

/** Waits until there is nothing to wait for, or until that moment; false where it cannot, or the moment has come. Phases: those that may yield. */
export function wait(waiting: Waiting, until: MonotonicTime): boolean {
    const seconds = until - clock.now();
    if (seconds <= 0 || count(waiting) >= MOST) return false;
    if (!waiting.is_watched) {
        const [ok] = ngx.timer.at(0, watch, waiting);
        if (!ok) return false;
        waiting.is_watched = true;
    }
    const [woken] = waiting.semaphore.wait(seconds);
    return woken === true;
}
