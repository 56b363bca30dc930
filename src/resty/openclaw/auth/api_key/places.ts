/**
 * Limits how many things are done at the same time. Who is ended in the middle, as nginx does with requests whose client has left, never
 * gives a place back; so a place is free again when its time is over. Pure Lua.
 */

export interface Places {
    /** For each place the moment from which on it is free. */
    readonly free_at: MonotonicTime[];
    /** A free place among the first so many; nothing where there is none. To be given back before `until`. */
    take(now: MonotonicTime, until: MonotonicTime, most: number): number | undefined;
    give_back(place: number, now: MonotonicTime): void;
}

function take(this: Places, now: MonotonicTime, until: MonotonicTime, most: number): number | undefined {
    for (const place of $range(1, most)) {
        if ((this.free_at[place - 1] ?? now) <= now) {
            this.free_at[place - 1] = until;
            return place;
        }
    }
    return undefined;
}

function give_back(this: Places, place: number, now: MonotonicTime): void {
    this.free_at[place - 1] = now;
}

const metatable = { __index: { take, give_back } };

/** All places are free. */
function create(): Places {
    const free_at: MonotonicTime[] = [];
    return setmetatable({ free_at }, metatable);
}
export { create as new };
