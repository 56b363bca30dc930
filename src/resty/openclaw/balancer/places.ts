/**
 * Limits how much background work of one kind this worker does concurrently for all upstreams together. Each piece takes one of
 * nginx's 256 running timers (`lua_max_running_timers`); nginx silently drops timers above this limit. If no place is free,
 * upstreams wait in a queue, so that those whose nodes or DNS servers hang do not block the others.
 */

interface Waiting {
    readonly who: object;
    asked_at: MonotonicTime;
}

export interface Places {
    readonly most: number;
    taken: number;
    queue: Waiting[];
}

/** Who waits and has not asked again for so many seconds no longer needs a place. */
const GONE_SECONDS = 1;

/** So many places, all free. Phases: any. */
function create(most: number): Places {
    return { most, taken: 0, queue: [] };
}
export { create as new };

/** Removes those who have not asked for a while from the queue. */
function forget_gone(places: Places, now: MonotonicTime): void {
    const left: Waiting[] = [];
    for (const waiting of places.queue) {
        if (now - waiting.asked_at <= GONE_SECONDS) left.push(waiting);
    }
    places.queue = left;
}

/** How many wait before somebody: all of them, if it does not wait. */
function before(places: Places, who: object): number {
    let count = 0;
    for (const waiting of places.queue) {
        if (waiting.who === who) return count;
        count += 1;
    }
    return count;
}

/** Removes somebody from the queue. Costs nothing if the queue is empty. Phases: any. */
export function leave(places: Places, who: object): void {
    if (places.queue.length === 0) return;
    const place = before(places, who);
    if (place < places.queue.length) table.remove(places.queue, place + 1);
}

function wait(places: Places, who: object, now: MonotonicTime): void {
    const place = before(places, who);
    if (place < places.queue.length) places.queue[place]!.asked_at = now;
    else places.queue.push({ who, asked_at: now });
}

/**
 * Takes a place, which is to be given back. False if none is free, or others have waited longer: then `who` waits in the queue,
 * and should ask again within a second or `leave`. Phases: any.
 */
export function take(places: Places, who: object, now: MonotonicTime): boolean {
    if (places.queue.length > 0) forget_gone(places, now);
    if (before(places, who) >= places.most - places.taken) {
        wait(places, who, now);
        return false;
    }
    leave(places, who);
    places.taken += 1;
    return true;
}

/** Gives a place back. Phases: any. */
export function give_back(places: Places): void {
    places.taken -= 1;
}
