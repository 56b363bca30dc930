/**
 * Runs the actions of a pool: one timer, with a light thread for each running action. The timer ends when there is nothing to do, and is
 * replaced by a fresh one after a number of actions, as nginx frees the memory of light threads only when their timer ends.
 *
 * The main thread of the timer kills the threads of actions that take too long. An action that never yields cannot be killed.
 */
import * as semaphore from "ngx.semaphore";
import * as guard from "../../core/metrics/guard";
import * as clock from "../../core/time/clock";
import * as time_slice from "../../core/time/time_slice";
import type { Outcome } from "./figures";
import type { Action, Pool, Runner } from "./pool";
import * as pools from "./pool";

const RUN_SECONDS = 60;
const RUN_ACTIONS = 1000;
/** So many actions are started before requests are served. */
const STRETCH_ACTIONS = 16;
const MOST_SLEEP_SECONDS = 1;
/** A timer beyond `lua_max_running_timers` never runs, and no error is returned. */
const START_SECONDS = 1;
const WATCH_SECONDS = 5;
/** A runner wakes up every second at least, unless it has ended: `ngx.exit` in an action ends the whole timer. */
const LOST_SECONDS = 10;

/** The light thread of one action. */
function perform(pool: Pool, runner: Runner, action: Action): void {
    const [ok, first, second] = guard.protected_call(action.work, ...unpack(action.values, 1, action.values_count));
    const refused = (first === undefined || first === false) && second !== undefined;
    if (!ok) pools.settle(pool, runner, action, "failed", first);
    else if (refused) pools.settle(pool, runner, action, "failed", second);
    else pools.settle(pool, runner, action, "done");
    pools.wake_up(runner);
    pools.wake_up(pool.runner);
}

/** Starts the actions that may run. */
function begin(pool: Pool, runner: Runner): void {
    let stretch = 0;
    while (pools.is_ready(pool) && runner.started < RUN_ACTIONS) {
        const action = pools.take(pool, runner);
        const thread = ngx.thread.spawn(perform, pool, runner, action);
        if (!action.is_over) action.thread = thread;
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

/** Kills the actions whose time is over; returns the seconds until the next one's is. */
function supervise(pool: Pool, runner: Runner): number {
    const now = clock.now();
    const most_seconds = pool.settings.action_seconds;
    let next_seconds = MOST_SLEEP_SECONDS;
    if (pools.is_exiting(pool)) {
        next_seconds = math.min(next_seconds, pool.drain_until! - now);
        if (now >= pool.drain_until!) {
            for (const action of runner.actions) stop(pool, runner, action, "dropped", "the worker exits");
            pools.clear(pool, "the worker exits");
        }
    }
    for (const action of runner.actions) {
        if (now >= action.deadline) stop(pool, runner, action, "failed", `it took over ${most_seconds} s`);
        else next_seconds = math.min(next_seconds, action.deadline - now);
    }
    const seconds = math.max(0.001, next_seconds);
    return seconds;
}

function sleep(runner: Runner, seconds: number): void {
    runner.sleeps = true;
    runner.semaphore.wait(seconds);
    runner.sleeps = false;
    runner.seen_at = clock.now();
}

function has_run_enough(runner: Runner): boolean {
    return runner.started >= RUN_ACTIONS || clock.now() >= runner.until;
}

type Run = (this: void, premature: boolean, pool: Pool) => void;

/** Creates the timer that calls `run`, unless one is pending. */
function start(pool: Pool, run: Run): void {
    const now = clock.now();
    if (pool.starting_since !== undefined && now < later(pool.starting_since, START_SECONDS)) return;
    const [ok, err] = ngx.timer.at(0, run, pool);
    if (ok) pool.starting_since = now;
    else pool.faults.report("timer", "actions: cannot start: ", err);
}

function work(pool: Pool, runner: Runner, run: Run): void {
    while (true) {
        if (pool.runner === runner && has_run_enough(runner)) {
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

/** Removes a runner that has ended; its actions have failed. */
function remove(pool: Pool, runner: Runner, why: string): void {
    pool.runners.delete(runner);
    if (pool.runner === runner) pool.runner = undefined;
    for (const action of runner.actions) pools.settle(pool, runner, action, "failed", why);
}

function run(_premature: boolean, pool: Pool): void {
    pool.starting_since = undefined;
    // A timer that was considered lost may run after all.
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
        until: later(now, RUN_SECONDS),
        seen_at: now,
        sleeps: false,
    };
    pool.runner = runner;
    pool.runners.add(runner);
    guard.call_for(pool.faults, "runner", "actions", work, pool, runner, run);
    remove(pool, runner, "its runner failed");
    if (pool.waiting > 0 && pool.runner === undefined) start(pool, run);
}

/** Finds timers that never ran, and those that an action has ended. */
function watch(_premature: boolean, pool: Pool): void {
    pools.is_exiting(pool);
    const now = clock.now();
    for (const runner of pool.runners) {
        if (now > later(runner.seen_at, LOST_SECONDS)) remove(pool, runner, "its timer was ended, as ngx.exit does");
    }
    if (pool.waiting > 0 && pool.runner === undefined) start(pool, run);
}

/** Starts the runner of a pool, or wakes it up. Phases: those that may start timers. */
export function ensure_running(pool: Pool): void {
    if (pool.runner === undefined) start(pool, run);
    else pools.wake_up(pool.runner);
    if (!pool.is_watched && !ngx.worker.exiting()) {
        const [ok, err] = ngx.timer.every(WATCH_SECONDS, watch, pool);
        pool.is_watched = ok;
        if (!ok) pool.faults.report("timer", "actions: no watch: ", err);
    }
}
