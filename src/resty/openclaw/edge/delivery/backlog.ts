/** The jobs that wait, as the worker that delivers them knows them: which is next, and which is the oldest. Pure Lua. */
import * as heaps from "./heap";
import type { Heap } from "./heap";
import * as schedules from "./schedule";
import type { Schedule } from "./schedule";
import * as ids from "../store/id";

export interface Backlog {
    /** Bytes on the disk by id, of all jobs that are known; those that are being delivered, too. */
    readonly bytes: LuaTable<string, number>;
    /** What of each job has failed so far. */
    readonly tries: LuaTable<string, number>;
    /** How often each job reached the other end and got no answer. */
    readonly silences: LuaTable<string, number>;
    /** Ids of jobs whose turn it may be, and of some that are gone. */
    readonly ready: Heap;
    /** The same of jobs that wait for a time, by `clock`. */
    readonly postponed: Schedule;
    /** All, by when they were made, in seconds since 1970. */
    readonly ages: Schedule;
    readonly flying: LuaSet<string>;
    flying_count: number;
}

/** A backlog with nothing in it. Phases: any. */
function create(): Backlog {
    return {
        bytes: new LuaTable(),
        tries: new LuaTable(),
        silences: new LuaTable(),
        ready: [],
        postponed: [],
        ages: [],
        flying: new LuaSet(),
        flying_count: 0,
    };
}
export { create as new };

/** Adds a job, unless it is known. Phases: any. */
export function add(backlog: Backlog, id: string, bytes: number): void {
    if (backlog.bytes.has(id)) return;
    backlog.bytes.set(id, bytes);
    heaps.push(backlog.ready, id);
    schedules.add(backlog.ages, id, ids.time_of(id));
}

/** Has the jobs whose time has come wait for their turn again. */
function wake(backlog: Backlog, now: number): void {
    let id = schedules.take(backlog.postponed, now);
    while (id !== undefined) {
        heaps.push(backlog.ready, id);
        id = schedules.take(backlog.postponed, now);
    }
}

/** The oldest job whose turn it is; nothing when there is none. Phases: any. */
export function next(backlog: Backlog, now: number): string | undefined {
    wake(backlog, now);
    let first = heaps.first(backlog.ready);
    while (first !== undefined && (!backlog.bytes.has(first) || backlog.flying.has(first))) {
        heaps.pop(backlog.ready);
        first = heaps.first(backlog.ready);
    }
    return first;
}

/** The oldest job of all, and when it was made, in seconds since 1970; nothing when there is none. Phases: any. */
export function oldest(backlog: Backlog): LuaMultiReturn<[id?: string | undefined, made?: number | undefined]> {
    let [first, made] = schedules.first(backlog.ages);
    while (first !== undefined && !backlog.bytes.has(first)) {
        heaps.pop(backlog.ages);
        [first, made] = schedules.first(backlog.ages);
    }
    return $multi(first, made);
}

/** Takes note that the oldest job was made at another time, as the time of day has been set since. Phases: any. */
export function correct_oldest(backlog: Backlog, made: number): void {
    const [id] = oldest(backlog);
    heaps.pop(backlog.ages);
    schedules.add(backlog.ages, id!, made);
}

/** Whether a job is being delivered. Phases: any. */
export function is_flying(backlog: Backlog, id: string): boolean {
    return backlog.flying.has(id);
}

/** The delivery of the job that `next` has named begins. Phases: any. */
export function begin(backlog: Backlog): void {
    backlog.flying.add(heaps.pop(backlog.ready)!);
    backlog.flying_count += 1;
}

function land(backlog: Backlog, id: string): void {
    if (!backlog.flying.has(id)) return;
    backlog.flying.delete(id);
    backlog.flying_count -= 1;
}

/** The delivery of a job did not come about: it is its turn as soon as may be. Phases: any. */
export function give_back(backlog: Backlog, id: string): void {
    land(backlog, id);
    heaps.push(backlog.ready, id);
}

/** The same, but it is not its turn before a time by `clock`. Phases: any. */
export function postpone(backlog: Backlog, id: string, until: number): void {
    land(backlog, id);
    schedules.add(backlog.postponed, id, until);
}

/** A job is gone. Phases: any. */
export function forget(backlog: Backlog, id: string): void {
    land(backlog, id);
    backlog.bytes.delete(id);
    backlog.tries.delete(id);
    backlog.silences.delete(id);
}
