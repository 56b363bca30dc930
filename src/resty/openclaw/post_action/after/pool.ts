/**
 * The actions of one worker: a ring of queued actions, oldest first, and the number of running ones. Never yields.
 *
 * Each action ends exactly once: done, failed or dropped. The counters rely on this.
 */
import type { Semaphore } from "ngx.semaphore";
import type { Faults } from "../../core/metrics/fault";
import * as clock from "../../core/time/clock";
import type { Figures, Outcome } from "./figures";
import * as figures_of from "./figures";

export interface Settings {
    readonly max_running: number;
    readonly max_waiting: number;
    readonly max_bytes: number;
    readonly action_seconds: number;
    readonly drain_seconds: number;
}

/** The function of an action. The action fails when it raises, or returns nil or false and an error. */
export type Work = (this: void, ...values: unknown[]) => LuaMultiReturn<unknown[]>;

export interface Action {
    readonly work: Work;
    /** The arguments of `work`, nils included. */
    readonly values: unknown[];
    readonly values_count: number;
    /** Memory that it holds, as far as is known. */
    readonly bytes: number;
    /** The target of an HTTP request, for the log. */
    readonly target: string | undefined;
    thread: ngx.thread.Thread | undefined;
    /** When its time is over; set when it starts. */
    deadline: MonotonicTime;
    /** Whether it has ended. */
    is_over: boolean;
}

/** The timer in which actions run, each in a light thread. */
export interface Runner {
    readonly semaphore: Semaphore;
    readonly actions: LuaSet<Action>;
    running: number;
    started: number;
    /** When the next timer takes over. */
    readonly until: MonotonicTime;
    /** When its main thread last ran. */
    seen_at: MonotonicTime;
    sleeps: boolean;
}

export interface Pool {
    readonly settings: Settings;
    readonly figures: Figures;
    readonly faults: Faults;
    /** Maximum number of actions, running ones included. */
    readonly size: number;
    readonly ring: LuaMap<number, Action>;
    head: number;
    waiting: number;
    running: number;
    bytes: number;
    /** The runner that starts actions; others only finish theirs. */
    runner: Runner | undefined;
    readonly runners: LuaSet<Runner>;
    /** When a timer was created whose callback has not run. */
    starting_since: MonotonicTime | undefined;
    is_watched: boolean;
    /** When to give up; set once the worker exits. */
    drain_until: MonotonicTime | undefined;
}

/** An empty pool. Phases: any. */
function create(settings: Settings, figures: Figures, faults: Faults): Pool {
    return {
        settings,
        figures,
        faults,
        size: settings.max_waiting + settings.max_running,
        ring: new LuaMap(),
        head: 0,
        waiting: 0,
        running: 0,
        bytes: 0,
        runner: undefined,
        runners: new LuaSet(),
        starting_since: undefined,
        is_watched: false,
        drain_until: undefined,
    };
}
export { create as new };

function show(pool: Pool): void {
    figures_of.show(pool.figures, pool.waiting, pool.running);
}

/** Whether the worker exits. The first call that finds so sets the time until which actions may run. Phases: any. */
export function is_exiting(pool: Pool): boolean {
    if (!ngx.worker.exiting()) return false;
    pool.drain_until = pool.drain_until ?? later(clock.now(), pool.settings.drain_seconds);
    return true;
}

/** Queues an action; nil and why when there is no room. Phases: any. */
export function offer(pool: Pool, action: Action): Result<true> {
    if (pool.waiting + pool.running >= pool.size) return $multi(undefined, "too many actions wait");
    if (pool.bytes + action.bytes > pool.settings.max_bytes) return $multi(undefined, "waiting actions hold too much");
    pool.ring.set((pool.head + pool.waiting) % pool.size, action);
    pool.waiting += 1;
    pool.bytes += action.bytes;
    if (is_exiting(pool)) pool.drain_until = later(clock.now(), pool.settings.drain_seconds);
    show(pool);
    return $multi(true);
}

/** Whether a queued action may run. Phases: any. */
export function is_ready(pool: Pool): boolean {
    return pool.waiting > 0 && pool.running < pool.settings.max_running;
}

function take_oldest(pool: Pool): Action {
    const action = pool.ring.get(pool.head)!;
    pool.ring.delete(pool.head);
    pool.head = (pool.head + 1) % pool.size;
    pool.waiting -= 1;
    return action;
}

/** Gives the oldest queued action to a runner; there must be one. Phases: any. */
export function take(pool: Pool, runner: Runner): Action {
    const action = take_oldest(pool);
    action.deadline = later(clock.now(), pool.settings.action_seconds);
    pool.running += 1;
    runner.actions.add(action);
    runner.running += 1;
    runner.started += 1;
    show(pool);
    return action;
}

/** The name of an action in the log: its target, or where its function is defined. */
function name_of(action: Action): string {
    if (action.target !== undefined) return action.target;
    const place = debug.getinfo(action.work, "S")!;
    return `${place.short_src}:${place.linedefined}`;
}

/** Reports that an action failed or was dropped. */
function report(pool: Pool, kind: string, action: Action, why: unknown): void {
    pool.faults.report(kind, "action ", name_of(action), ": ", tostring(why));
}

/** Removes an action that has ended, and counts its outcome; does nothing the second time. Phases: any. */
export function settle(pool: Pool, runner: Runner, action: Action, outcome: Outcome, why?: unknown): void {
    if (action.is_over) return;
    action.is_over = true;
    pool.running -= 1;
    pool.bytes -= action.bytes;
    runner.actions.delete(action);
    runner.running -= 1;
    show(pool);
    figures_of.count(pool.figures, outcome);
    if (outcome === "failed") report(pool, "action", action, why);
    if (outcome === "dropped") report(pool, "action_exit", action, why);
}

/** Drops all queued actions. Phases: any. */
export function clear(pool: Pool, why: string): void {
    const dropped = pool.waiting;
    if (dropped === 0) return;
    while (pool.waiting > 0) pool.bytes -= take_oldest(pool).bytes;
    show(pool);
    figures_of.count(pool.figures, "dropped", dropped);
    pool.faults.report("action_exit", dropped, " actions dropped: ", why);
}

/** Wakes a runner up. Phases: any. */
export function wake_up(runner: Runner | undefined): void {
    if (runner === undefined || !runner.sleeps) return;
    runner.sleeps = false;
    runner.semaphore.post(1);
}
