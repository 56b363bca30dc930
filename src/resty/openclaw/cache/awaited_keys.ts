/** Requests of this worker that wait for others, perhaps in other workers, to get the answer to the same question. */
import type { Semaphore } from "ngx.semaphore";
import * as semaphores from "ngx.semaphore";
import * as clock from "../core/time/clock";
import * as leadership from "./leadership";
import * as records from "./records";
import * as turns from "./turns";

interface Awaited {
    readonly dict: ngx.SharedDict;
    readonly key: string;
    readonly semaphore: Semaphore;
    looked_at: MonotonicTime;
    /** Whether it was worth waiting: the requests are to look again. */
    is_over: boolean;
}

/** How often a worker looks whether the process of a leader lives, in seconds. */
const ALIVE_SECONDS = 0.25;

const all = new LuaMap<string, Awaited>();
const in_turns = turns.new<Awaited>();

/** What requests of this worker wait for under that key, from now on; nothing if there is no memory for it. Phases: access. */
export function join(dict: ngx.SharedDict, key: string): Awaited | undefined {
    const known = all.get(key);
    if (known !== undefined) return known;
    const [semaphore] = semaphores.new(0);
    if (semaphore === undefined) return undefined;
    const awaited: Awaited = { dict, key, semaphore, looked_at: clock.now(), is_over: false };
    all.set(key, awaited);
    turns.add(in_turns, awaited);
    return awaited;
}

/** Waits for so many seconds at most. Returns whether the wait is over. Phases: access; yields. */
export function wait(awaited: Awaited, seconds: number): boolean {
    if (!awaited.is_over) awaited.semaphore.wait(seconds);
    return awaited.is_over;
}

/** Whether there is no leader any more, or the answer can be read. */
function is_over(awaited: Awaited, now: MonotonicTime): boolean {
    const { dict, key } = awaited;
    const leader = leadership.present(dict, key);
    if (leader === undefined) return true;
    const [, kind] = records.look(dict, key);
    if (kind === records.LIVE || kind === records.PASSING) return true;
    if (now - awaited.looked_at <= ALIVE_SECONDS) return false;
    awaited.looked_at = now;
    if (!leadership.was_dead(leader, now)) return false;
    records.note_lost(dict, key);
    leadership.give_up(dict, key, leader);
    return true;
}

/** Wakes those whose wait is over. Returns whether any still wait. */
function stays(this: void, awaited: Awaited, now: MonotonicTime): boolean {
    const waiting = -awaited.semaphore.count();
    if (waiting > 0 && !is_over(awaited, now)) return true;
    awaited.is_over = true;
    all.delete(awaited.key);
    if (waiting > 0) awaited.semaphore.post(waiting);
    return false;
}

/** Looks at the keys whose turn it is. Returns whether any are awaited still. Phases: timer. */
export function look(now: MonotonicTime): boolean {
    return turns.look(in_turns, stays, now);
}
