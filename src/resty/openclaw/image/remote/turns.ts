/**
 * How many images a worker fetches at a time, over all routes. A turn ends by itself at the time at which its image must have come: nginx
 * ends the code of a request whose client leaves, wherever it is.
 */
import type { Semaphore } from "ngx.semaphore";
import * as semaphores from "ngx.semaphore";
import * as clock from "../../core/time/clock";

/** Until when it is somebody's turn. */
export interface Turn {
    readonly ends: MonotonicTime;
}

/** So many at a time. */
const MOST = 4;
/** So many requests may wait. */
const MOST_WAITING = 64;
/** nginx counts in milliseconds: a wait of less would end at once, and time would stand still. */
const LEAST_SECONDS = 0.001;

const turns: (Turn | undefined)[] = [];
let semaphore: Semaphore | undefined;

/** Takes a free turn. Nothing, and when the next one will be free at the latest, if there is none. */
function take(
    now: MonotonicTime,
    ends: MonotonicTime,
): LuaMultiReturn<[turn: Turn | undefined, first?: MonotonicTime | undefined]> {
    let first = turns[0]?.ends;
    for (const place of $range(0, MOST - 1)) {
        const other = turns[place];
        if (other === undefined || other.ends <= now) {
            const turn = { ends };
            turns[place] = turn;
            return $multi(turn);
        }
        if (first === undefined || other.ends < first) first = other.ends;
    }
    return $multi(undefined, first);
}

/** Waits for a turn until `ends`, when it ends as well; nothing if there was none, or too many wait. Yields. Phases: access, timer. */
export function begin(ends: MonotonicTime): Turn | undefined {
    let now = clock.now();
    let [turn, first] = take(now, ends);
    semaphore ??= semaphores.new(0)[0];
    if (turn === undefined && semaphore !== undefined && -semaphore.count() >= MOST_WAITING) return undefined;
    while (turn === undefined && now < ends) {
        const seconds = math.max(LEAST_SECONDS, math.min(ends, first ?? ends) - now);
        if (semaphore === undefined) return undefined;
        semaphore.wait(seconds);
        now = clock.now();
        if (now < ends) [turn, first] = take(now, ends);
    }
    return turn;
}

/** Ends a turn: the next one goes on. Phases: any. */
export function finish(turn: Turn): void {
    for (const place of $range(0, MOST - 1)) {
        if (turns[place] === turn) turns[place] = undefined;
    }
    if (semaphore !== undefined && semaphore.count() < 0) semaphore.post(1);
}
