/**
 * Says which requests took long, and why: a line of JSON for each in `$openclaw_slow`, which nginx writes to a file as
 * any access log. See docs/slow_log.md.
 */
import * as fault from "./fault";
import type { Faults } from "./fault";
import type { Counter } from "./metric_handles";
import * as metric_registry from "./metric_registry";
import type { Family } from "./metric_registry";
import * as read from "./options";
import type { Options } from "./options";
import * as request from "./request";
import * as limits from "./slow_log/limit";
import type { Limit } from "./slow_log/limit";
import * as line from "./slow_log/line";

export interface SlowLog {
    readonly least_seconds: number;
    readonly limit: Limit;
    readonly requests: Family<Counter>;
    readonly left_out: Counter;
    readonly faults: Faults;
    /** Writes the request's line into `$openclaw_slow` when it took long. Phases: log. Never raises. */
    log(route: string): void;
}

const OWNER = "slow_log";
/** nginx counts milliseconds; the difference of two such times in seconds may be a little less than the whole. */
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
    // Where nginx.conf has no such variable nobody wants the line.
    if (request.variable("openclaw_slow") === undefined || !has_room(slow_log)) return;
    request.set_variable("openclaw_slow", line.write(route, limits.take_left_out(slow_log.limit)));
}

function log(this: SlowLog, route: string): void {
    if (request.seconds_taken() < this.least_seconds) return;
    const [ok, err] = pcall(write, this, route);
    if (!ok) this.faults.report("cannot_write", err);
}

const metatable = { __index: { log } };

/**
 * Makes the plugin. Raises when an option is wrong. Phases: init.
 * Options: `seconds` (5), `lines_per_minute` (600; of all workers, and of all slow logs over the same dict), `dict`
 * ("openclaw").
 */
function create(given: unknown = {}): SlowLog {
    const options: Options = read.check(OWNER, given, ["seconds", "lines_per_minute", "dict"]);
    const dict = read.text(OWNER, options, "dict", "openclaw");
    if (ngx.shared[dict] === undefined) read.refuse(OWNER, "dict", "the name of a lua_shared_dict of nginx.conf", dict);
    const registry = metric_registry.open(dict);
    const requests = metric_registry.counter(
        registry,
        "openclaw_slow_requests_total",
        "Requests that took as long as the slow log asks for, or longer.",
        ["route", "variant"],
    );
    metric_registry.from_outside(requests, ["variant"]);
    const fields = {
        least_seconds: read.positive(OWNER, options, "seconds", 5) - HALF_A_MILLISECOND,
        limit: {
            names: registry.region.names,
            lines_per_minute: read.whole(OWNER, options, "lines_per_minute", 1, 600),
        },
        requests,
        left_out: metric_registry
            .counter(
                registry,
                "openclaw_slow_log_left_out_total",
                "Slow requests without a line in the slow log, which had its lines for that minute.",
            )
            .labels(),
        faults: fault.new(OWNER, registry),
    };
    return setmetatable(fields, metatable) as unknown as SlowLog;
}
export { create as new };
