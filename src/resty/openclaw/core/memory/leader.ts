/**
 * Of all workers of a machine, those that a reload lets drain included, lets exactly one do a piece of work: the one that
 * holds a lease in the shared dict.
 *
 * The holder looks at each call whether the lease is still its own, and renews it long before it ends, so one that was
 * held up finds out before it goes on. A lease ends by itself; that of a process that is gone is taken over at once.
 */
import type { Names } from "./shared_memory/names";
import * as clock from "../time/clock";
import * as process from "./shared_memory/process";

export interface Leader {
    readonly names: Names;
    readonly key: string;
    /** How long a lease lasts. */
    readonly seconds: number;
    /** The process that `me` is the identity of: what was made in the master is used in its workers. */
    pid: number;
    me: string;
    renewed_at: MonotonicTime | undefined;
    looked_at: MonotonicTime | undefined;
    leads(): LuaMultiReturn<[leads: boolean, err?: string]>;
    resign(): void;
}

const DEFAULT_SECONDS = 3;
/** The share of its time after which a lease is renewed. */
const RENEW_SHARE = 1 / 3;
/** How often the others look whether the holder is alive, which takes two system calls. */
const LOOK_SECONDS = 0.25;

/** This process by its own name. */
function identity(leader: Leader): string {
    const pid = ngx.worker.pid();
    if (leader.pid !== pid) {
        leader.pid = pid;
        leader.me = process.identity();
    }
    return leader.me;
}

/** Whether less than so many seconds have gone by. */
function is_recent(since: MonotonicTime | undefined, now: MonotonicTime, seconds: number): boolean {
    return since !== undefined && now < later(since, seconds);
}

/** Takes the lease if nobody has it. */
function take(leader: Leader, me: string, now: MonotonicTime): LuaMultiReturn<[leads: boolean, err?: string]> {
    const [won, err] = leader.names.safe_add(leader.key, me, leader.seconds);
    if (won === true) {
        leader.renewed_at = now;
        return $multi(true);
    }
    if (err === "exists") return $multi(false);
    return $multi(false, err!);
}

/** Keeps the lease; false when it is another's by now. */
function renew(leader: Leader, me: string, now: MonotonicTime): boolean {
    if (is_recent(leader.renewed_at, now, leader.seconds * RENEW_SHARE)) return true;
    // If another has taken the lease meanwhile, it is the other's that lasts longer now, which does no harm.
    leader.names.expire(leader.key, leader.seconds);
    if (leader.names.get<string>(leader.key)[0] !== me) return false;
    leader.renewed_at = now;
    return true;
}

/** Takes the lease over from a process that is gone; of the workers that notice, one does it. */
function succeed(
    leader: Leader,
    holder: string,
    me: string,
    now: MonotonicTime,
): LuaMultiReturn<[leads: boolean, err?: string]> {
    if (is_recent(leader.looked_at, now, LOOK_SECONDS)) return $multi(false);
    leader.looked_at = now;
    if (process.is_alive(holder)) return $multi(false);
    const mark = `${leader.key} heir`;
    const [won] = leader.names.safe_add(mark, 1, leader.seconds);
    if (won !== true) return $multi(false);
    if (leader.names.get<string>(leader.key)[0] === holder) leader.names.delete(leader.key);
    const [taken, err] = take(leader, me, now);
    leader.names.delete(mark);
    return $multi(taken, err!);
}

/**
 * Whether this worker is the one to do the work, now and for two thirds of the lease's time at most: ask again before
 * each step. Never true in a worker that exits. To be asked several times in the time of a lease; costs next to nothing.
 * Phases: any but init. Second value: why nobody can lead, when the shared dict is full.
 */
function leads(this: Leader): LuaMultiReturn<[leads: boolean, err?: string]> {
    if (ngx.worker.exiting()) {
        this.resign();
        return $multi(false);
    }
    // nginx's time is that of this turn of its loop, which may have begun long ago.
    ngx.update_time();
    const now = clock.now();
    const me = identity(this);
    const [holder] = this.names.get<string>(this.key);
    if (holder === undefined) return take(this, me, now);
    if (holder === me) return $multi(renew(this, me, now));
    return succeed(this, holder, me, now);
}

/**
 * Gives the lease up, if this worker has it, so that another need not wait for its end. To be called when a timer is told
 * that the worker exits. Phases: any.
 */
function resign(this: Leader): void {
    if (this.names.get<string>(this.key)[0] === identity(this)) this.names.delete(this.key);
}

const metatable = { __index: { leads, resign } };

/**
 * A candidate for the lead. Phases: any; usually init.
 * @param names where the lease is kept: `region.names`; leases of one shared dict must differ in `name`
 * @param seconds how long the work may rest when its leader hangs (3)
 */
function create(names: Names, name: string, seconds = DEFAULT_SECONDS): Leader {
    const fields = {
        names,
        key: `leader:${name}`,
        seconds,
        pid: 0,
        me: "",
        renewed_at: undefined,
        looked_at: undefined,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
