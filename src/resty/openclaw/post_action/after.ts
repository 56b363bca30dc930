/**
 * Runs functions and sends HTTP requests in the background after the response, so that no client waits for them. See "Actions after the
 * response" in docs/post_action.md.
 */
import * as kinds from "../config/kinds";
import { option, read_or_raise } from "../config/schema";
import * as fault from "../core/metrics/fault";
import * as metric_registry from "../core/metrics/metric_registry";
import * as request from "../core/request/request";
import * as figures_of from "./after/figures";
import * as http_action from "./after/http_action";
import type { Action, Pool, Settings, Work } from "./after/pool";
import * as pools from "./after/pool";
import * as runners from "./after/runner";

const DICT = "openclaw";
const LIMIT_AFTER = "post_action.limit_after";

/** The options of `limit_after`. */
export const SCHEMA = {
    max_running: option(kinds.whole(1, 100), 16, "maximum number of actions that a worker runs at a time"),
    max_waiting: option(kinds.whole(0, 100000), 1000, "maximum number of waiting actions; later ones are dropped"),
    max_bytes: option(
        kinds.whole(1),
        16 * 1024 * 1024,
        "maximum size of the bodies and strings of all waiting and running actions",
    ),
    action_seconds: option(kinds.positive, 30, "timeout of an action, including all attempts"),
    drain_seconds: option(
        kinds.positive,
        5,
        "how long a worker that exits continues its actions, counted from the last call",
    ),
    dict: option(kinds.text, DICT, "the `lua_shared_dict` of the metrics"),
};

const DEFAULTS: Settings = read_or_raise(SCHEMA, {}, LIMIT_AFTER);

function open_pool(settings: Settings, dict: string): Pool {
    const registry = metric_registry.open(dict);
    return pools.new(settings, figures_of.open(registry), fault.new("post_action", registry));
}

/**
 * The pool of this worker. It is created before the workers fork, so that each worker can show the metrics of all; without a dict each
 * process counts for itself.
 */
let pool: Pool | undefined;
if (ngx.get_phase() === "init" && ngx.shared[DICT] !== undefined) pool = open_pool(DEFAULTS, DICT);

/** Sets the limits of `after` for each worker, from the options in docs/post_action.md. Raises with all problems. Phases: init. */
export function limit_after(given: unknown): void {
    if (ngx.get_phase() !== "init") error(`${LIMIT_AFTER}: must be called in init_by_lua`, 0);
    const settings = read_or_raise(SCHEMA, given, LIMIT_AFTER);
    pool = open_pool(settings, settings.dict);
}

/** Why no action can start in this phase; nothing where one can. */
function wrong_phase(): string | undefined {
    const phase = ngx.get_phase();
    if (phase === "timer") return undefined;
    if (phase !== "log") return `called in the phase ${phase}, but the response is complete only in log_by_lua`;
    if (request.is_subrequest()) return "called for a subrequest, whose request is not complete";
    return undefined;
}

function new_action(
    work: Work,
    values: unknown[],
    values_count: number,
    bytes: number,
    target: string | undefined,
): Action {
    return {
        work,
        values,
        values_count,
        bytes,
        target,
        thread: undefined,
        deadline: 0 as MonotonicTime,
        is_over: false,
    };
}

/** An action that calls a function. */
function calling_action(work: Work, values: unknown[], values_count: number): Action {
    let bytes = 0;
    for (const place of $range(1, values_count)) {
        const value = values[place - 1];
        if (typeof value === "string") bytes += value.length;
    }
    return new_action(work, values, values_count, bytes, undefined);
}

/** Reads the action that a user gives; on failure nil and why. */
function read_action(its_pool: Pool, given: unknown, values: unknown[], values_count: number): Result<Action> {
    const misplaced = wrong_phase();
    if (misplaced !== undefined) return $multi(undefined, misplaced);
    if (typeof given === "function") return $multi(calling_action(given as Work, values, values_count));
    if (type(given) !== "table") return $multi(undefined, "an action must be a function or a table");
    const [http_request, err] = http_action.read(given as Record<string, unknown>);
    if (http_request === undefined) return $multi(undefined, err);
    const arguments_of_send = [http_request, its_pool.settings.action_seconds, its_pool.faults];
    return $multi(
        new_action(http_action.send as unknown as Work, arguments_of_send, 3, http_request.bytes, http_request.target),
    );
}

function refuse(its_pool: Pool, kind: string, why: string): Result<true> {
    figures_of.count(its_pool.figures, "dropped");
    its_pool.faults.report(kind, "action dropped: ", why);
    return $multi(undefined, why);
}

/**
 * Runs an action in the background, once the response is complete: a function, which is called with the values that
 * follow, or a table that describes an HTTP request; see docs/post_action.md. Never yields, never raises. Phases: log,
 * timer. Nil and why when the action is dropped, which is counted and logged.
 */
export function after(action: unknown, ...values: unknown[]): Result<true> {
    const values_count = select("#", ...values);
    pool = pool ?? open_pool(DEFAULTS, DICT);
    const [made, misuse] = read_action(pool, action, values, values_count);
    if (made === undefined) return refuse(pool, "action_misuse", misuse);
    const [taken, full] = pools.offer(pool, made);
    if (taken === undefined) return refuse(pool, "action_overflow", full);
    runners.ensure_running(pool);
    return $multi(true);
}
