/**
 * How much of one kind of background work is under way in this worker, whatever the number of upstreams: each piece takes one of
 * nginx's running timers, of which there are 256 (`lua_max_running_timers`); what is more is silently dropped. When there is
 * no place left, whoever asks stands in a line, so that upstreams whose nodes or servers hang do not keep the others out.
 */

interface Waiting {
    readonly who: object;
    asked_at: number;
}

export interface Places {
    readonly most: number;
    taken: number;
    line: Waiting[];
}

/** Who stands in the line and has not asked again for so long, in seconds, needs its place no more. */
const GONE_SECONDS = 1;

/** So many places, all free. Phases: any. */
function create(most: number): Places {
    return { most, taken: 0, line: [] };
}
export { create as new };

/** Takes those out of the line who have not asked for a while; `now` may have been set back. */
function forget_gone(places: Places, now: number): void {
    const left: Waiting[] = [];
    for (const waiting of places.line) {
        if (math.abs(now - waiting.asked_at) <= GONE_SECONDS) left.push(waiting);
    }
    places.line = left;
}

/** How many stand before somebody in the line: all of them, where it is not in it. */
function before(places: Places, who: object): number {
    let count = 0;
    for (const waiting of places.line) {
        if (waiting.who === who) return count;
        count += 1;
    }
    return count;
}

/** Takes somebody out of the line, who needs no place. Costs nothing where nobody waits. Phases: any. */
export function leave(places: Places, who: object): void {
    if (places.line.length === 0) return;
    const place = before(places, who);
    if (place < places.line.length) table.remove(places.line, place + 1);
}

function wait(places: Places, who: object, now: number): void {
    const place = before(places, who);
    if (place < places.line.length) places.line[place]!.asked_at = now;
    else places.line.push({ who, asked_at: now });
}

/**
 * Takes a place, which is to be given back. False when there is none, or when others have waited longer; then `who` stands in
 * the line, and should ask again within a second or `leave`. Phases: any.
 * @param now the time as `ngx.now` has it
 */
export function take(places: Places, who: object, now: number): boolean {
    if (places.line.length > 0) forget_gone(places, now);
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
