/**
 * The actions of one worker: those that wait, oldest first, in a ring, and how many run. Never yields.
 *
 * Every action that is given ends exactly once: done, failed or dropped. That is what the figures rely on.
 */
import * as clock from "../../core/time/clock";
import type { Faults } from "../../core/metrics/fault";
import type { Semaphore } from "ngx.semaphore";
import * as figures_of from "./figures";
import type { Figures, Outcome } from "./figures";

export interface Settings {
    readonly max_running: number;
    readonly max_waiting: number;
    readonly max_bytes: number;
    readonly action_seconds: number;
    readonly drain_seconds: number;
}

/** What is to be done. It fails when it raises, or returns nil or false and why. */
export type Work = (this: void, ...values: unknown[]) => LuaMultiReturn<unknown[]>;

export interface Action {
    readonly work: Work;
    /** What `work` is called with; nils are counted. */
    readonly values: unknown[];
    readonly values_count: number;
    /** What it holds in memory, as far as that is known. */
    readonly bytes: number;
    /** Where an HTTP request goes, for the log. */
    readonly target: string | undefined;
    thread: ngx.thread.Thread | undefined;
    /** When its time is over; set when it starts. */
    deadline: number;
    over: boolean;
}

/** The timer in which actions run, each in a light thread. */
export interface Runner {
    readonly semaphore: Semaphore;
    readonly actions: LuaSet<Action>;
    running: number;
    started: number;
    /** When the next timer takes over. */
    readonly until: number;
    seen_at: number;
    sleeps: boolean;
}

export interface Pool {
    readonly settings: Settings;
    readonly figures: Figures;
    readonly faults: Faults;
    /** How many actions there may be, those that run included. */
    readonly size: number;
    readonly ring: LuaTable<number, Action | undefined>;
    head: number;
    waiting: number;
    running: number;
    bytes: number;
    /** The runner that starts actions; others only see theirs to the end. */
    runner: Runner | undefined;
    readonly runners: LuaSet<Runner>;
    /** When a timer was made whose callback has not run. */
    starting_since: number | undefined;
    is_watched: boolean;
    /** Once the worker exits: when to give up. */
    drain_until: number | undefined;
}

/** A pool in which there is nothing. Phases: any. */
function create(settings: Settings, figures: Figures, faults: Faults): Pool {
    return {
        settings,
        figures,
        faults,
        size: settings.max_waiting + settings.max_running,
        ring: new LuaTable(),
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

/** Whether the worker exits; from the first time on, the draining has an end. Phases: any. */
export function is_exiting(pool: Pool): boolean {
    if (!ngx.worker.exiting()) return false;
    pool.drain_until = pool.drain_until ?? clock.now() + pool.settings.drain_seconds;
    return true;
}

/** Takes an action in; nil and why when there is no room for it. Phases: any. */
export function offer(pool: Pool, action: Action): Result<true> {
    if (pool.waiting + pool.running >= pool.size) return $multi(undefined, "too many actions wait");
    if (pool.bytes + action.bytes > pool.settings.max_bytes) return $multi(undefined, "waiting actions hold too much");
    pool.ring.set((pool.head + pool.waiting) % pool.size, action);
    pool.waiting += 1;
    pool.bytes += action.bytes;
    if (is_exiting(pool)) pool.drain_until = clock.now() + pool.settings.drain_seconds;
    show(pool);
    return $multi(true);
}

/** Whether an action waits and may run. Phases: any. */
export function is_ready(pool: Pool): boolean {
    return pool.waiting > 0 && pool.running < pool.settings.max_running;
}

function take_oldest(pool: Pool): Action {
    const action = pool.ring.get(pool.head)!;
    pool.ring.set(pool.head, undefined);
    pool.head = (pool.head + 1) % pool.size;
    pool.waiting -= 1;
    return action;
}

/** The oldest action that waits, now one of the runner's; there must be one. Phases: any. */
export function take(pool: Pool, runner: Runner): Action {
    const action = take_oldest(pool);
    action.deadline = clock.now() + pool.settings.action_seconds;
    pool.running += 1;
    runner.actions.add(action);
    runner.running += 1;
    runner.started += 1;
    show(pool);
    return action;
}

/** How the log names an action: where it goes, or where its function was written. Phases: any. */
function name_of(action: Action): string {
    if (action.target !== undefined) return action.target;
    const place = debug.getinfo(action.work, "S")!;
    return `${place.short_src}:${place.linedefined}`;
}

/** Says that an action failed, or is tried again. Phases: any. */
export function report(pool: Pool, kind: string, action: Action, why: unknown): void {
    pool.faults.report(kind, "action ", name_of(action), ": ", tostring(why));
}

/** Gives the place of an action back, and books what became of it; for the second time nothing happens. Phases: any. */
export function settle(pool: Pool, runner: Runner, action: Action, outcome: Outcome, why?: unknown): void {
    if (action.over) return;
    action.over = true;
    pool.running -= 1;
    pool.bytes -= action.bytes;
    runner.actions.delete(action);
    runner.running -= 1;
    show(pool);
    figures_of.count(pool.figures, outcome);
    if (outcome === "failed") report(pool, "action", action, why);
    if (outcome === "dropped") report(pool, "action_exit", action, why);
}

/** Drops all that wait. Phases: any. */
export function clear(pool: Pool, why: string): void {
    const dropped = pool.waiting;
    if (dropped === 0) return;
    while (pool.waiting > 0) pool.bytes -= take_oldest(pool).bytes;
    show(pool);
    figures_of.count(pool.figures, "dropped", dropped);
    pool.faults.report("action_exit", dropped, " actions dropped: ", why);
}

/** Ends a runner's sleep. Phases: any. */
export function wake(runner: Runner | undefined): void {
    if (runner === undefined || !runner.sleeps) return;
    runner.sleeps = false;
    runner.semaphore.post(1);
}
