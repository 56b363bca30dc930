/**
 * How many checks are under way in this worker, whatever the number of upstreams: each takes one of nginx's running timers.
 * When there is no place left, whoever asks stands in a line, so that upstreams whose nodes hang do not keep the others out.
 */

/** Nginx runs 256 timers at a time (`lua_max_running_timers`), and silently drops what is more; others need some too. */
export const MOST_PLACES = 100;
/** Who stands in the line and has not asked again for so long, in seconds, needs its place no more. */
const GONE_SECONDS = 1;

interface Waiting {
    readonly who: object;
    asked_at: number;
}

let taken = 0;
let line: Waiting[] = [];

/** Takes those out of the line who have not asked for a while; `now` may have been set back. */
function forget_gone(now: number): void {
    const left: Waiting[] = [];
    for (const waiting of line) {
        if (math.abs(now - waiting.asked_at) <= GONE_SECONDS) left.push(waiting);
    }
    line = left;
}

/** How many stand before somebody in the line: all of them, where it is not in it. */
function before(who: object): number {
    let count = 0;
    for (const waiting of line) {
        if (waiting.who === who) return count;
        count += 1;
    }
    return count;
}

/** Takes somebody out of the line, who needs no place. Costs nothing where nobody waits. Phases: any. */
export function leave(who: object): void {
    if (line.length === 0) return;
    const place = before(who);
    if (place < line.length) table.remove(line, place + 1);
}

function wait(who: object, now: number): void {
    const place = before(who);
    if (place < line.length) line[place]!.asked_at = now;
    else line.push({ who, asked_at: now });
}

/**
 * Takes a place, which is to be given back. False when there is none, or when others have waited longer; then `who` stands in
 * the line, and should ask again within a second or `leave`. Phases: any.
 * @param now the time as `ngx.now` has it
 */
export function take(who: object, now: number): boolean {
    if (line.length > 0) forget_gone(now);
    if (before(who) >= MOST_PLACES - taken) {
        wait(who, now);
        return false;
    }
    leave(who);
    taken += 1;
    return true;
}

/** Gives a place back. Phases: any. */
export function give_back(): void {
    taken -= 1;
}
