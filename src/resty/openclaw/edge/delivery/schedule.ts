/** Jobs that are due at some time, the earliest first. Pure Lua. */
import * as heaps from "./heap";
import type { Heap } from "./heap";
import * as ids from "../store/id";

/** Times, "-", and ids. */
export type Schedule = Heap;

/** Where the id begins. */
const ID_AT = 14;

/** Adds a job that is due at that time, in seconds on a scale that begins at 0. Phases: any. */
export function add(schedule: Schedule, id: string, at: number): void {
    heaps.push(schedule, `${ids.time_text(at)}-${id}`);
}

/** The first job and when it is due; nothing when there is none. Phases: any. */
export function first(schedule: Schedule): LuaMultiReturn<[id?: string, at?: number]> {
    const first_of_all = heaps.first(schedule);
    if (first_of_all === undefined) return $multi();
    return $multi(string.sub(first_of_all, ID_AT), ids.time_of(first_of_all));
}

/** Takes out the first job that is due by then; nothing when none is. Phases: any. */
export function take(schedule: Schedule, now: number): string | undefined {
    const first = heaps.first(schedule);
    if (first === undefined || string.sub(first, 1, ID_AT - 2) > ids.time_text(now)) return undefined;
    heaps.pop(schedule);
    return string.sub(first, ID_AT);
}
