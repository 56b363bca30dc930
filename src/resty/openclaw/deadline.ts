/**
 * Cancels requests whose deadline has passed. A request brings its deadline, or the route has one; after that no node is tried or waited
 * for, and the next gateway gets the time that is left. See docs/deadline.md.
 */
import * as nginx_balancer from "ngx.balancer";
import * as kinds from "./config/kinds";
import * as problem from "./config/problems";
import type { Values } from "./config/schema";
import { option } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter } from "./core/metrics/metric_handles";
import type { Family } from "./core/metrics/metric_registry";
import * as metric_registry from "./core/metrics/metric_registry";
import * as json_error from "./core/request/json_error";
import * as request from "./core/request/request";
import * as time_left from "./core/request/time_left";
import * as header from "./deadline/header";
import type { Context } from "./gateway/contract";
import * as contract from "./gateway/contract";

export interface Deadline {
    readonly seconds: number;
    readonly most_seconds: number;
    readonly skew_seconds: number;
    /** The timeouts of the location. */
    readonly connect_seconds: number;
    readonly send_seconds: number;
    readonly read_seconds: number;
    readonly exceeded: Family<Counter>;
    readonly malformed: Family<Counter>;
    readonly faults: Faults;
    /** Refuses requests with a malformed or passed deadline, and sets the header for the next gateway. Phases: access. Never raises. */
    access(route: string): void;
    /** Whether there is time for an attempt. Phases: balancer. Never raises. */
    before_balance(route: string): boolean;
    /** Limits the timeouts of the attempt to the time left. Phases: balancer. Never raises. */
    balance(): void;
    /** Forgets the request, where the plugin is used alone. Phases: log. Never raises. */
    log?(): void;
}

const NAME = "deadline";

const SCHEMA = {
    seconds: option(kinds.positive, 300, "seconds for requests that come without a deadline"),
    most_seconds: option(kinds.positive, 3600, "maximum seconds for any request"),
    skew_seconds: option(kinds.not_negative, 2, "tolerance for a deadline without `sent`"),
    connect_seconds: option(
        kinds.positive,
        5,
        "set to the location's `proxy_connect_timeout` (nginx does not expose it); the default is that of `proxy.conf`",
    ),
    send_seconds: option(kinds.positive, 300, "set to its `proxy_send_timeout`, likewise"),
    read_seconds: option(kinds.positive, 300, "set to its `proxy_read_timeout`, likewise"),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics"),
};

/** A node is not blamed for a timeout if it had less than this share of the route's seconds. */
const FAIR_SHARE = 0.5;

/** The seconds that the header gives the request, or else the route; nothing when the header is malformed. */
function seconds_given(deadline: Deadline): number | undefined {
    const text = request.variable(header.VARIABLE);
    if (text === undefined) return deadline.seconds;
    const given = header.seconds_given(text, request.started(), deadline.skew_seconds);
    return given === undefined ? undefined : math.min(given, deadline.most_seconds);
}

function access(this: Deadline, route: string): void {
    // After an internal redirect the header is our own.
    let left = time_left.seconds();
    if (left === undefined) {
        const given = seconds_given(this);
        if (given === undefined) {
            this.malformed.labels(route).inc();
            json_error.respond(400, "bad_deadline", `The header ${header.NAME} is malformed.`);
            return;
        }
        left = given - request.seconds_taken();
        time_left.limit(left);
    }
    if (left <= 0) {
        this.exceeded.labels(route, "arrival").inc();
        json_error.too_late();
        return;
    }
    ngx.req.set_header(header.NAME, header.write(request.now(), left));
}

function before_balance(this: Deadline, route: string): boolean {
    // Background updates of the cache have no deadline, as no client waits for them.
    if ((time_left.seconds() ?? 1) > 0) return true;
    this.exceeded.labels(route, "try").inc();
    return false;
}

/** A timeout, where the time left is less than the usual one; rounded up to milliseconds, as 0 would mean none. */
function bounded(usual: number, left: number): number | undefined {
    return left < usual ? math.ceil(left * 1000) / 1000 : undefined;
}

function set_timeouts(deadline: Deadline, left: number): void {
    const connect = bounded(deadline.connect_seconds, left);
    const send = bounded(deadline.send_seconds, left);
    const receive = bounded(deadline.read_seconds, left);
    if (connect === undefined && send === undefined && receive === undefined) return;
    const [ok, err] = nginx_balancer.set_timeouts(connect, send, receive);
    if (!ok) deadline.faults.report("set_timeouts", err);
}

/** Updates the header for the next gateway: nginx has written it before the first attempt. */
function update_header(deadline: Deadline, left: number): void {
    const text = header.write(request.now(), left);
    if (request.variable(header.VARIABLE) === text) return;
    ngx.req.set_header(header.NAME, text);
    const [ok, err] = nginx_balancer.recreate_request();
    if (ok !== true) deadline.faults.report("recreate_request", err);
}

function balance(this: Deadline): void {
    const left = time_left.seconds();
    if (left === undefined) return;
    time_left.begin_try(left < this.seconds * FAIR_SHARE);
    set_timeouts(this, left);
    update_header(this, left);
}

function log(this: Deadline): void {
    time_left.forget();
}

const metatable = { __index: { access, before_balance, balance } };

function create(options: Values<typeof SCHEMA>, { path }: Context): Deadline {
    const { seconds, most_seconds, skew_seconds, connect_seconds, send_seconds, read_seconds } = options;
    if (seconds > most_seconds) problem.refuse(`${path}.seconds`, `at most most_seconds (${most_seconds})`, seconds);
    const registry = metric_registry.open(options.dict);
    const fields = {
        seconds,
        most_seconds,
        skew_seconds,
        connect_seconds,
        send_seconds,
        read_seconds,
        exceeded: metric_registry.counter(
            registry,
            "openclaw_deadline_exceeded_total",
            "Requests whose deadline had passed when they came, or before an attempt.",
            ["route", "stage"],
        ),
        malformed: metric_registry.counter(
            registry,
            "openclaw_deadline_malformed_total",
            "Requests refused because their deadline was malformed.",
            ["route"],
        ),
        faults: fault.new(NAME, registry),
    };
    return setmetatable(fields, metatable);
}

const declaration = {
    name: NAME,
    meaning: "[cancels requests](deadline.md) whose deadline has passed",
    order: { access: 200, before_balance: 200, balance: 100 },
    schema: SCHEMA,
    create,
};

export const plugin = contract.define(declaration);

/** The plugin alone, from the options in docs/deadline.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Deadline {
    const deadline = contract.alone(declaration, options);
    deadline.log = log;
    return deadline;
}
export { alone as new };
