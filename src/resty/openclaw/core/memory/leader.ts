/**
 * Lets exactly one of all workers of a machine do a piece of work, workers that drain after a reload included: the one that
 * holds a lock in the shared dict.
 *
 * At each call the leader checks that it still holds the lock, and renews it long before its time-to-live ends. So a leader that
 * was held up finds out before it goes on. When a leader dies, another worker takes over at once.
 */
import * as clock from "../time/clock";
import type { Lock } from "./lock";
import * as locks from "./lock";
import type { Names } from "./shared_memory/names";

export interface Leader {
    readonly lock: Lock;
    renewed_at: MonotonicTime | undefined;
    leads(): LuaMultiReturn<[leads: boolean, err?: string]>;
    resign(): void;
}

const DEFAULT_SECONDS = 3;
/** The share of the time-to-live after which the lock is renewed. */
const RENEW_SHARE = 1 / 3;

/** Keeps the lock; false if another worker has it by now. */
function renew(leader: Leader, now: MonotonicTime): boolean {
    const { lock, renewed_at } = leader;
    if (renewed_at !== undefined && now < later(renewed_at, lock.seconds * RENEW_SHARE)) return true;
    // If another worker has taken the lock meanwhile, this prolongs that one's, which does no harm.
    lock.names.expire(lock.key, lock.seconds);
    if (locks.holder(lock) !== locks.identity(lock)) return false;
    leader.renewed_at = now;
    return true;
}

/**
 * Whether this worker is to do the work, now and for two thirds of the time-to-live at most: ask again before each step. Always
 * false in a worker that exits. To be asked several times in the time-to-live; costs next to nothing. Phases: any but init.
 * Second value: the error, if nobody can lead because the shared dict is full.
 */
function leads(this: Leader): LuaMultiReturn<[leads: boolean, err?: string]> {
    if (ngx.worker.exiting()) {
        this.resign();
        return $multi(false);
    }
    const { lock } = this;
    // The time-to-live may have ended since nginx last updated its cached time.
    ngx.update_time();
    if (locks.holder(lock) === locks.identity(lock)) return $multi(renew(this, clock.now()));
    const [is_held, err] = locks.try_lock(lock);
    if (is_held) this.renewed_at = clock.now();
    return $multi(is_held, err!);
}

/** Gives the lead up, if this worker has it. To be called when a timer is told that the worker exits. Phases: any. */
function resign(this: Leader): void {
    locks.unlock(this.lock);
}

const metatable = { __index: { leads, resign } };

/**
 * A candidate for the lead. Phases: any; usually init.
 * @param names where the lock is kept: `region.names`; leaders in one shared dict must differ in `name`
 * @param seconds how long the work may rest when its leader hangs (3)
 */
function create(names: Names, name: string, seconds = DEFAULT_SECONDS): Leader {
    const fields = {
        lock: locks.new(names, `leader:${name}`, seconds),
        renewed_at: undefined,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
