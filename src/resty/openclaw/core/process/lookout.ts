/**
 * One light thread of a worker that looks at something every few milliseconds, as long as anybody waits for it: nginx cannot wake another
 * worker's Lua code. While nobody waits nothing runs.
 */
import type { Faults } from "../metrics/fault";
import * as guard from "../metrics/guard";
import * as clock from "../time/clock";

/** Looks once; returns whether anybody still waits. May raise. */
type Look = (this: void, now: MonotonicTime) => boolean;

export interface Lookout {
    /** What the subjects of faults are: "upstream". */
    readonly of: string;
    /** The time between two looks. */
    readonly seconds: number;
    readonly look: Look;
    is_looking: boolean;
    /** When the thread last looked, or was last begun. */
    looked_at: MonotonicTime;
}

/** The thread is replaced after so many looks, as its memory is freed only when it ends. */
const LOOKS_OF_A_THREAD = 1000;
/** The thread has ended without a word if it has not looked for so long: nginx has had no connection or timer left for it. */
const LOST_SECONDS = 0.5;
/** It rests for so many times as long as the last look took, so that requests have most of the worker's time however many wait. */
const REST = 3;
const LONGEST_REST_SECONDS = 0.25;

/** How long the thread rests after a look that began then, in seconds. */
function rest_after(lookout: Lookout): number {
    ngx.update_time();
    const took = clock.now() - lookout.looked_at;
    return math.max(lookout.seconds, math.min(LONGEST_REST_SECONDS, REST * took));
}

/** A lookout that rests. `of`: what the subjects of its faults are. Phases: any, usually where a module is loaded. */
function create(of: string, seconds: number, look: Look): Lookout {
    return { of, seconds, look, is_looking: false, looked_at: clock.now() };
}
export { create as new };

type Work = (this: void, premature: boolean, lookout: Lookout, faults: Faults, subject: string) => void;

function start(work: Work, lookout: Lookout, faults: Faults, subject: string): void {
    // Also in a worker that exits, whose requests wait on.
    const [ok, err] = ngx.timer.at(0, work, lookout, faults, subject);
    lookout.is_looking = ok !== undefined && ok !== false;
    lookout.looked_at = clock.now();
    if (!lookout.is_looking) faults.report("timer", lookout.of, ' "', subject, '": ', err);
}

/** Looks again and again, as long as anybody waits. */
function look_on(this: void, _premature: boolean, lookout: Lookout, faults: Faults, subject: string): void {
    let rest = lookout.seconds;
    for (const _ of $range(1, LOOKS_OF_A_THREAD)) {
        ngx.sleep(rest);
        lookout.looked_at = clock.now();
        const [ok, goes_on] = guard.call_for(faults, "look", subject, lookout.look, lookout.looked_at);
        if (ok && goes_on === false) {
            lookout.is_looking = false;
            return;
        }
        rest = rest_after(lookout);
    }
    start(look_on, lookout, faults, subject);
}

/**
 * Begins to look, unless a thread does already; one that was lost is replaced. To be called when somebody begins to wait, and now and then
 * as long as anybody does. `subject`: for whom it looks, for faults. Phases: access, timer.
 */
export function keep(lookout: Lookout, now: MonotonicTime, faults: Faults, subject: string): void {
    const is_lost = lookout.is_looking && now - lookout.looked_at > LOST_SECONDS;
    if (is_lost) faults.report("timer", lookout.of, ' "', subject, '": the thread that looks for them was lost');
    if (is_lost || !lookout.is_looking) start(look_on, lookout, faults, subject);
}
