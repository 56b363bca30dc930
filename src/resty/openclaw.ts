/**
 * The gateway as nginx.conf uses it: `setup` in init_by_lua, then one function for each phase, which walks the plugins
 * of the request's route. The route's name stands in `$openclaw_route`.
 */
import * as jit_options from "jit.opt";
import type { Balancer } from "./openclaw/balancer";
import * as shared_memory from "./openclaw/core/memory/shared_memory";
import * as metric_registry from "./openclaw/core/metrics/metric_registry";
import * as worker_process from "./openclaw/core/process/worker_process";
import * as cache_key from "./openclaw/core/request/cache_key";
import * as client_watch from "./openclaw/core/request/client_watch";
import * as host from "./openclaw/core/request/host";
import * as json_error from "./openclaw/core/request/json_error";
import * as request from "./openclaw/core/request/request";
import * as request_id from "./openclaw/core/request/request_id";
import * as request_state from "./openclaw/core/request/request_state";
import * as responding_node from "./openclaw/core/request/responding_node";
import type { Edge } from "./openclaw/edge";
import * as edges from "./openclaw/edge";
import type { Gateway, Route } from "./openclaw/gateway/builder";
import * as builder from "./openclaw/gateway/builder";
import * as lifecycle from "./openclaw/gateway/lifecycle";
import * as refusal from "./openclaw/gateway/refusal";
import * as requirements from "./openclaw/gateway/requirements";

export const VERSION = "0.1.0";

const { DICT } = builder;
const INTERNAL_ERROR = 500;
/** For nginx there is no node then: it answers from its cache where it may, else with 502. Source: ngx_core.h. */
const NGX_BUSY = -3;
/** LuaJIT's own limit of 500 constants is too low for the log phase of a route to be compiled in one piece. */
const JIT_CONSTANTS = "maxirconst=2000";

/** What `setup` has built; nothing before. */
let gateway: Gateway | undefined;
/** Whether `init_worker` was called in this worker. */
let has_begun = false;
/** Any of the balancers: one call to its `log` settles the tries of all. */
let a_balancer: Balancer | undefined;

function build(this: void, options: unknown): Gateway {
    const phase = ngx.get_phase();
    if (phase !== "init") error(`setup: must be called in init_by_lua, not in the phase ${phase}`, 0);
    if (gateway !== undefined) error("setup: was already called; put everything in one table", 0);
    if (ngx.shared[DICT] === undefined) {
        error(`setup: there is no lua_shared_dict "${DICT}": include nginx/openclaw.conf in http`, 0);
    }
    return builder.build(options);
}

/**
 * Builds the gateway from a table; `setup({})` is valid: metrics only. Raises all that is wrong, a sentence a line
 * with the option, what was expected and what was given, which keeps nginx from starting. Phases: init.
 */
export function setup(options: unknown): void {
    const built = refusal.without_trace(() => build(options));
    for (const [, balancer] of built.balancers) a_balancer = balancer;
    requirements.watch_log(built.faults);
    gateway = built;
    jit_options.start(JIT_CONSTANTS);
}

function present_route(): Route | undefined {
    return gateway?.routes.get(request.variable("openclaw_route") ?? "");
}

/** Starts the background work of a worker; in any other process nothing. Phases: init_worker. */
export function init_worker(): void {
    if (gateway === undefined) {
        ngx.log(ngx.ERR, 'gateway: setup was never called; init_by_lua must call require("resty.openclaw").setup');
        return;
    }
    has_begun = true;
    if (!worker_process.is_here()) return;
    lifecycle.init_worker(gateway);
}

/** Counts what could not be delivered, and gives back the worker's part of the shared memory. Phases: exit_worker. */
export function exit_worker(): void {
    if (gateway === undefined) return;
    if (worker_process.is_here()) lifecycle.exit_worker(gateway);
    shared_memory.release(metric_registry.open(DICT).region);
}

function report_no_beginning(): void {
    has_begun = true;
    gateway?.faults.report("no_init_worker", "init_worker was never called: include nginx/openclaw.conf in http");
}

/** The longest name that is shown of a route that does not exist. */
const SHOWN_BYTES = 100;

function refuse_unknown_route(): void {
    if (gateway === undefined) json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
    const name = string.sub(request.variable("openclaw_route") ?? "", 1, SHOWN_BYTES);
    const what =
        name === ""
            ? 'route.conf is included in a location without "set $openclaw_route NAME;"'
            : `$openclaw_route is ${string.format("%q", name)}, which is none of the routes in setup`;
    gateway!.faults.report("unknown_route", what);
    json_error.respond(404, "unknown_route", "There is no such route.");
}

/** Runs the route's checks and digests; answers 404 `unknown_route` when there is no such route. Phases: access. */
export function access(): void {
    const state = request_state.enter();
    client_watch.begin(state);
    request_id.give(state);
    if (state.is_unfinished === true) cache_key.revoke();
    const route = present_route();
    if (route === undefined) {
        refuse_unknown_route();
        return;
    }
    if (route.requirements.awaits_variables) requirements.look_at_variables(route.requirements, gateway!.faults);
    if (!has_begun) report_no_beginning();
    route.requirements.awaits_access = false;
    route.access();
    // Last, as a plugin may set these headers.
    host.look_at();
    request_id.begin_trace(state);
    client_watch.stop(state);
}

/**
 * Chooses a node of the upstream: the one named, else the one of the request's route. Without any the request fails
 * with 500; where a plugin of the route wants no node to be asked, with 502. Phases: balancer.
 */
export function balance(upstream?: string): void {
    const name = upstream ?? present_route()?.upstream ?? "";
    const balancer = gateway?.balancers.get(name) as Balancer | undefined;
    if (balancer === undefined) {
        const what =
            name === ""
                ? "balance() was called without a name, for a route without upstream"
                : `balance() found no upstream "${name}" in setup`;
        gateway?.faults.report("unknown_upstream", what);
        ngx.exit(INTERNAL_ERROR);
        return;
    }
    const route = gateway!.balances ? present_route() : undefined;
    if (route !== undefined && !route.before_balance()) {
        balancer.give_up();
        ngx.exit(NGX_BUSY);
        return;
    }
    const is_chosen = balancer.balance();
    if (route !== undefined && is_chosen) route.balance();
}

/**
 * Notes which node responded, tells the balancers that an answer begins, and runs the route's plugins that look at or change its header. Phases:
 * header_filter.
 */
export function header_filter(): void {
    responding_node.show();
    if (a_balancer !== undefined) a_balancer.header_filter();
    if (gateway?.filters_headers !== true) return;
    const route = present_route();
    if (route === undefined) return;
    route.requirements.awaits_header_filter = false;
    route.header_filter();
}

/** Tells the balancers when a response ends, and runs the route's plugins that look at or change its body. Phases: body_filter. */
export function body_filter(): void {
    if (a_balancer !== undefined) a_balancer.body_filter();
    const route = present_route();
    if (route === undefined) return;
    route.requirements.awaits_body_filter = false;
    route.body_filter();
}

/** Settles the request's tries and counts and records it. To be called once for every request. Phases: log. */
export function log(): void {
    if (a_balancer !== undefined) a_balancer.log();
    const route = present_route();
    if (route !== undefined) {
        const needs = route.requirements;
        if (needs.awaits_access || needs.awaits_header_filter || needs.awaits_body_filter) {
            requirements.look_at_hooks(needs, gateway!.faults);
        }
        route.log();
    }
    request_state.forget();
}

/** Refuses who may not see the metrics page; see docs/metrics.md. Phases: access. */
export function metrics_access(): void {
    if (gateway !== undefined) gateway.metrics.access();
}

/** The metrics page in Prometheus' text format. Phases: content. */
export function metrics_page(): void {
    if (gateway === undefined) {
        json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
        return;
    }
    gateway.metrics.page();
}

/** The API to see and change the nodes of all upstreams; see docs/admin.md. Phases: content. */
export function upstreams_page(): void {
    if (gateway === undefined) {
        json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
        return;
    }
    gateway.admin.page();
}

/** The API to see and change the limits of all routes; see docs/admin.md. Phases: content. */
export function limits_page(): void {
    if (gateway === undefined) {
        json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
        return;
    }
    gateway.admin.limits_page();
}

/** The API to see what the cache does, and to purge answers; see docs/admin.md. Phases: content. */
export function cache_page(): void {
    if (gateway === undefined) {
        json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
        return;
    }
    gateway.admin.cache_page();
}

/**
 * Keeps a request that nobody has answered, of a route with the option edge; of any other it says what nginx says of the
 * error. Phases: content.
 */
export function edge(): void {
    const its_edge = present_route()?.instances.get("edge") as Edge | undefined;
    if (its_edge === undefined) {
        json_error.page();
        return;
    }
    its_edge.content();
}

/** The state of a job, or its answer; see docs/jobs.md. Phases: content. */
export function jobs_page(): void {
    if (gateway === undefined) {
        json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
        return;
    }
    edges.show_job(builder.instances_of(gateway, "edge") as Edge[]);
}

/** What the gateway does now, as JSON; see docs/status.md. Phases: content. */
export function status_page(): void {
    if (gateway === undefined) {
        json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
        return;
    }
    gateway.status.page();
}

/** The same as a page for people. Phases: content. */
export function dashboard_page(): void {
    if (gateway === undefined) {
        json_error.respond(INTERNAL_ERROR, "not_set_up", "The gateway has not been set up.");
        return;
    }
    gateway.status.dashboard();
}
