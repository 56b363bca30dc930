/**
 * Logs slow requests: sets `$openclaw_slow` to a line of JSON that lists every upstream attempt, for an access log of nginx. See
 * docs/slow_log.md.
 */
import * as kinds from "./config/kinds";
import * as problem from "./config/problems";
import type { Values } from "./config/schema";
import { option } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as guard from "./core/metrics/guard";
import type { Counter } from "./core/metrics/metric_handles";
import type { Family } from "./core/metrics/metric_registry";
import * as metric_registry from "./core/metrics/metric_registry";
import * as request from "./core/request/request";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";
import type { Limit } from "./slow_log/limit";
import * as limits from "./slow_log/limit";
import * as line from "./slow_log/line";

export interface SlowLog {
    readonly least_seconds: number;
    readonly limit: Limit;
    readonly requests: Family<Counter>;
    readonly left_out: Counter;
    readonly faults: Faults;
    /** Sets `$openclaw_slow` if the request was slow. Phases: log. Never raises. */
    log(route: string): void;
}

const NAME = "slow_log";

/** The options of docs/slow_log.md. */
export const SCHEMA = {
    seconds: option(kinds.positive, 5, "minimum duration of a slow request, in seconds"),
    lines_per_minute: option(
        kinds.whole(1),
        600,
        "maximum number of lines per minute, over all workers and all slow logs of the dict",
    ),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` where lines and metrics are counted; it must exist"),
};
/** nginx counts milliseconds; the difference of two times in seconds may be slightly less than their whole number. */
const HALF_A_MILLISECOND = 0.0005;

/** Whether the request may have a line. */
function has_room(slow_log: SlowLog): boolean {
    const [has_place, err] = limits.take(slow_log.limit);
    if (has_place === true) return true;
    if (has_place === undefined) slow_log.faults.report("cannot_count", err);
    slow_log.left_out.inc();
    limits.leave_out(slow_log.limit);
    return false;
}

function write(slow_log: SlowLog, route: string): void {
    slow_log.requests.labels(route, request.variable("openclaw_variant") ?? "").inc();
    // Without the variable in nginx.conf the line is not used.
    if (request.variable("openclaw_slow") === undefined || !has_room(slow_log)) return;
    request.set_variable("openclaw_slow", line.write(route, limits.take_left_out(slow_log.limit)));
}

function log(this: SlowLog, route: string): void {
    if (request.seconds_taken() < this.least_seconds) return;
    guard.call(this.faults, "cannot_write", write, this, route);
}

const metatable = { __index: { log } };

/** The slow log of a route. Raises where there is no such dict. Phases: init. */
export function create(options: Values<typeof SCHEMA>, { path }: Context): SlowLog {
    const { dict, seconds, lines_per_minute } = options;
    if (ngx.shared[dict] === undefined) {
        problem.refuse(`${path}.dict`, "the name of a lua_shared_dict of nginx.conf", dict);
    }
    const registry = metric_registry.open(dict);
    const requests = metric_registry.counter(
        registry,
        "openclaw_slow_requests_total",
        "Requests that took as long as the slow log asks for, or longer.",
        ["route", "variant"],
    );
    metric_registry.from_outside(requests, ["variant"]);
    const fields = {
        least_seconds: seconds - HALF_A_MILLISECOND,
        limit: {
            names: registry.region.names,
            lines_per_minute,
        },
        requests,
        left_out: metric_registry
            .counter(
                registry,
                "openclaw_slow_log_left_out_total",
                "Slow requests without a line in the slow log, which had its lines for that minute.",
            )
            .labels(),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

/** The plugin alone, from the options in docs/slow_log.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): SlowLog {
    return contract.alone({ name: NAME, schema: SCHEMA, create }, options);
}
export { alone as new };
