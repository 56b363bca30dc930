/**
 * Runs the actions of a pool: one timer, in it a light thread for each action that runs. The timer ends when there is
 * nothing to do, and hands over to a fresh one after so many actions, as the memory that light threads take comes back
 * only when their timer ends.
 *
 * Its main thread sees to it that no action takes longer than it may: it ends the threads of those that do. What holds
 * the worker without ever yielding nobody can end.
 */
import * as semaphore from "ngx.semaphore";
import * as guard from "../../core/metrics/guard";
import * as clock from "../../core/time/clock";
import * as time_slice from "../../core/time/time_slice";
import type { Outcome } from "./figures";
import * as pools from "./pool";
import type { Action, Pool, Runner } from "./pool";

const RUN_SECONDS = 60;
const RUN_ACTIONS = 1000;
/** So many actions are started at a stretch before requests have their turn. */
const STRETCH_ACTIONS = 16;
const MOST_SLEEP_SECONDS = 1;
/** A timer over nginx's limit of running timers never runs, and nobody is told. */
const START_SECONDS = 1;
const WATCH_SECONDS = 5;
/** A runner looks about every second, unless it is gone: `ngx.exit` ends all of a timer. */
const LOST_SECONDS = 10;

/** The light thread of one action. */
function perform(pool: Pool, runner: Runner, action: Action): void {
    const [ok, first, second] = guard.protected_call(action.work, ...unpack(action.values, 1, action.values_count));
    const refused = (first === undefined || first === false) && second !== undefined;
    if (!ok) pools.settle(pool, runner, action, "failed", first);
    else if (refused) pools.settle(pool, runner, action, "failed", second);
    else pools.settle(pool, runner, action, "done");
    pools.wake(runner);
    pools.wake(pool.runner);
}

/** Starts what may run. */
function begin(pool: Pool, runner: Runner): void {
    let stretch = 0;
    while (pools.is_ready(pool) && runner.started < RUN_ACTIONS) {
        const action = pools.take(pool, runner);
        const thread = ngx.thread.spawn(perform, pool, runner, action);
        if (!action.over) action.thread = thread;
        stretch += 1;
        if (stretch % STRETCH_ACTIONS === 0) {
            time_slice.yield_now();
            runner.seen_at = clock.now();
        }
    }
}

function stop(pool: Pool, runner: Runner, action: Action, outcome: Outcome, why: string): void {
    const [killed] = ngx.thread.kill(action.thread!);
    if (killed !== undefined) pools.settle(pool, runner, action, outcome, why);
}

/** Ends the actions whose time is over; returns for how many seconds there is nothing to see to. */
function supervise(pool: Pool, runner: Runner): number {
    const now = clock.now();
    const most_seconds = pool.settings.action_seconds;
    let next_at = now + MOST_SLEEP_SECONDS;
    if (pools.is_exiting(pool)) {
        next_at = math.min(next_at, pool.drain_until!);
        if (now >= pool.drain_until!) {
            for (const action of runner.actions) stop(pool, runner, action, "dropped", "the worker exits");
            pools.clear(pool, "the worker exits");
        }
    }
    for (const action of runner.actions) {
        if (now >= action.deadline) stop(pool, runner, action, "failed", `it took over ${most_seconds} s`);
        else next_at = math.min(next_at, action.deadline);
    }
    return math.max(0.001, next_at - now);
}

function sleep(runner: Runner, seconds: number): void {
    runner.sleeps = true;
    runner.semaphore.wait(seconds);
    runner.sleeps = false;
    runner.seen_at = clock.now();
}

function is_spent(runner: Runner): boolean {
    return runner.started >= RUN_ACTIONS || clock.now() >= runner.until;
}

type Run = (this: void, premature: boolean, pool: Pool) => void;

/** Makes the timer that `run` lives in, unless one is on its way. */
function start(pool: Pool, run: Run): void {
    const now = clock.now();
    if (pool.starting_since !== undefined && now < pool.starting_since + START_SECONDS) return;
    const [ok, err] = ngx.timer.at(0, run, pool);
    if (ok) pool.starting_since = now;
    else pool.faults.report("timer", "actions: cannot start: ", err);
}

function work(pool: Pool, runner: Runner, run: Run): void {
    while (true) {
        if (pool.runner === runner && is_spent(runner)) {
            pool.runner = undefined;
            if (pool.waiting > 0) start(pool, run);
        }
        if (pool.runner === runner) begin(pool, runner);
        const seconds = supervise(pool, runner);
        const has_duty = pool.runner === runner && pool.waiting > 0;
        if (runner.running === 0 && !has_duty) return;
        if (pool.runner !== runner || !pools.is_ready(pool)) sleep(runner, seconds);
    }
}

/** Takes a runner out, and settles the actions that end with it. */
function dismiss(pool: Pool, runner: Runner, why: string): void {
    pool.runners.delete(runner);
    if (pool.runner === runner) pool.runner = undefined;
    for (const action of runner.actions) pools.settle(pool, runner, action, "failed", why);
}

function run(_premature: boolean, pool: Pool): void {
    pool.starting_since = undefined;
    // A start that was taken for lost may come after all.
    if (pool.runner !== undefined) return;
    const [made, sema_err] = semaphore.new();
    if (made === undefined) {
        pool.faults.report("runner", "actions: no semaphore: ", sema_err);
        return;
    }
    const now = clock.now();
    const runner: Runner = {
        semaphore: made,
        actions: new LuaSet(),
        running: 0,
        started: 0,
        until: now + RUN_SECONDS,
        seen_at: now,
        sleeps: false,
    };
    pool.runner = runner;
    pool.runners.add(runner);
    guard.call_for(pool.faults, "runner", "actions", work, pool, runner, run);
    dismiss(pool, runner, "its runner failed");
    if (pool.waiting > 0 && pool.runner === undefined) start(pool, run);
}

/** Finds what got lost: a timer that never ran, or one that an action has ended. */
function watch(_premature: boolean, pool: Pool): void {
    pools.is_exiting(pool);
    const now = clock.now();
    for (const runner of pool.runners) {
        if (now > runner.seen_at + LOST_SECONDS) dismiss(pool, runner, "its timer was ended, as ngx.exit does");
    }
    if (pool.waiting > 0 && pool.runner === undefined) start(pool, run);
}

/** Has the actions of a pool run. Phases: those that may start timers. */
export function ensure_running(pool: Pool): void {
    if (pool.runner === undefined) start(pool, run);
    else pools.wake(pool.runner);
    if (!pool.is_watched && !ngx.worker.exiting()) {
        const [ok, err] = ngx.timer.every(WATCH_SECONDS, watch, pool);
        pool.is_watched = ok;
        if (!ok) pool.faults.report("timer", "actions: no watch: ", err);
    }
}
