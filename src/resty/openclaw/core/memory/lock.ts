/**
 * A lock among all processes that share a dict. It has a time-to-live; if its holder has died, the next one to ask gets it at once.
 */
import * as process from "../process/process_identity";
import * as clock from "../time/clock";
import type { Names } from "./shared_memory/names";

export interface Lock {
    readonly names: Names;
    readonly key: string;
    /** Its time-to-live. */
    readonly seconds: number;
    /** The process that `me` identifies: a lock that is made in the master is used in its workers. */
    pid: number;
    me: string;
    /** When this process last looked whether the holder is alive. */
    looked_at: MonotonicTime | undefined;
}

/** How often a process looks whether the holder is alive, which takes two system calls. */
const LOOK_SECONDS = 0.25;
/** How often a process that waits for a lock tries to take it. */
const TRY_SECONDS = 0.005;

/** How this process is named as a holder. Phases: any. */
export function identity(lock: Lock): string {
    const pid = ngx.worker.pid();
    if (lock.pid !== pid) {
        lock.pid = pid;
        lock.me = process.identity();
    }
    return lock.me;
}

/** Who holds the lock; nothing if it is free. Phases: any. */
export function holder(lock: Lock): string | undefined {
    return lock.names.get<string>(lock.key)[0];
}

function take(lock: Lock): LuaMultiReturn<[is_held: boolean, err?: string]> {
    const [won, err] = lock.names.safe_add(lock.key, identity(lock), lock.seconds);
    if (won === true) return $multi(true);
    if (err === "exists") return $multi(false);
    return $multi(false, err!);
}

/** Takes the lock from a dead process. If several processes notice, one of them gets it. */
function take_over(
    lock: Lock,
    its_holder: string,
    now: MonotonicTime,
): LuaMultiReturn<[is_held: boolean, err?: string]> {
    if (lock.looked_at !== undefined && now < later(lock.looked_at, LOOK_SECONDS)) return $multi(false);
    lock.looked_at = now;
    if (process.is_alive(its_holder)) return $multi(false);
    const mark = `${lock.key} heir`;
    const [won] = lock.names.safe_add(mark, 1, lock.seconds);
    if (won !== true) return $multi(false);
    if (holder(lock) === its_holder) lock.names.delete(lock.key);
    const [taken, err] = take(lock);
    lock.names.delete(mark);
    return $multi(taken, err!);
}

/**
 * Takes the lock if it is free or its holder has died; false if it is held, also by this process. Phases: any but init. Second
 * value: the error, if the shared dict is full.
 */
export function try_lock(lock: Lock): LuaMultiReturn<[is_held: boolean, err?: string]> {
    // By nginx's cached time, which may be old, the time-to-live would be counted from too early a moment.
    ngx.update_time();
    const its_holder = holder(lock);
    if (its_holder === undefined) return take(lock);
    return take_over(lock, its_holder, clock.now());
}

/** Like `try_lock`, but tries again for so many seconds. Phases: those that may yield. */
export function wait_for_lock(lock: Lock, seconds: number): LuaMultiReturn<[is_held: boolean, err?: string]> {
    const give_up = later(clock.now(), seconds);
    while (true) {
        const [is_held, err] = try_lock(lock);
        if (is_held || err !== undefined || clock.now() >= give_up) return $multi(is_held, err!);
        ngx.sleep(TRY_SECONDS);
    }
}

/** Releases the lock, if this process holds it. Phases: any. */
export function unlock(lock: Lock): void {
    if (holder(lock) === identity(lock)) lock.names.delete(lock.key);
}

/**
 * A lock, which nobody holds yet. Phases: any; usually init.
 * @param names where it is kept: `region.names`; the locks of one shared dict must differ in `key`
 * @param seconds its time-to-live
 */
function create(names: Names, key: string, seconds: number): Lock {
    return { names, key, seconds, pid: 0, me: "", looked_at: undefined };
}
export { create as new };
