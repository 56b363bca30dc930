/**
 * Limits how many things are done at the same time; others wait for their turn. Who is ended in the middle, as nginx does with requests
 * whose client has left, never gives a place back; so a place is free again when its time is over.
 */
import type { Semaphore } from "ngx.semaphore";
import * as semaphore from "ngx.semaphore";
import * as clock from "../core/time/clock";

export interface Places {
    /** For each place the moment from which on it is free. */
    readonly free_at: MonotonicTime[];
    /** Those that wait. */
    readonly gate: Semaphore;
    /**
     * A free place, to be given back within `seconds`; waits for one until `deadline`. Nothing where there was none, or too many wait.
     * Phases: those that may yield.
     */
    take(seconds: number, deadline: MonotonicTime): number | undefined;
    /** Phases: any. */
    give_back(place: number): void;
}

const MOST_WAITING = 1000;

function take(this: Places, seconds: number, deadline: MonotonicTime): number | undefined {
    let is_last = false;
    while (true) {
        const now = clock.now();
        for (const [place, free_at] of ipairs(this.free_at)) {
            if (free_at <= now) {
                this.free_at[place - 1] = later(now, seconds);
                return place;
            }
        }
        // The count is below 0 by those that wait.
        if (is_last || now >= deadline || this.gate.count() <= -MOST_WAITING) return undefined;
        // Nothing is waited for less than a millisecond, in which nginx's clock would not go on.
        const [is_called] = this.gate.wait(deadline - now);
        is_last = is_called !== true;
    }
}

function give_back(this: Places, place: number): void {
    this.free_at[place - 1] = 0 as MonotonicTime;
    if (this.gate.count() < 0) this.gate.post(1);
}

const metatable = { __index: { take, give_back } };

/** So many places, all free. Phases: init. */
function create(count: number): Places {
    const [gate, err] = semaphore.new();
    if (gate === undefined) error(err, 0);
    const free_at: MonotonicTime[] = [];
    for (const _ of $range(1, count)) free_at.push(0 as MonotonicTime);
    return setmetatable({ free_at, gate }, metatable);
}
export { create as new };
