/**
 * Keeps a route working while its link is down: attempts are declined at once, so that nginx can respond with a stale response
 * from its cache; requests for which it has none are stored on disk, and delivered when the link is up again. See docs/edge.md.
 */
import * as nginx_balancer from "ngx.balancer";
import * as kinds from "./config/kinds";
import type { Values } from "./config/schema";
import { joined, option, optional, read_or_raise, required } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import * as metric_registry from "./core/metrics/metric_registry";
import * as worker_process from "./core/process/worker_process";
import * as delivery_header from "./core/request/delivery_header";
import * as json_error from "./core/request/json_error";
import * as operator_access from "./core/request/operator_access";
import * as own_answer from "./core/request/own_answer";
import * as request from "./core/request/request";
import * as request_state from "./core/request/request_state";
import * as time_left from "./core/request/time_left";
import * as upstream_tries from "./core/request/upstream_tries";
import * as acceptance from "./edge/acceptance";
import * as callers from "./edge/caller";
import * as tokens from "./edge/delivery_token";
import type { Dispatcher } from "./edge/dispatcher";
import * as dispatchers from "./edge/dispatcher";
import * as job_page from "./edge/job_page";
import type { Jobs } from "./edge/jobs";
import * as jobs_of from "./edge/jobs";
import type { Link } from "./edge/link";
import * as links from "./edge/link";
import * as link_observer from "./edge/link_observer";
import * as settings from "./edge/settings";
import * as usages from "./edge/store/usage";
import type { Context, Plugin, Upstream } from "./gateway/contract";
import * as contract from "./gateway/contract";

export interface Edge {
    readonly route: string;
    readonly upstream: Upstream | undefined;
    readonly link: Link;
    readonly jobs: Jobs;
    readonly dispatcher: Dispatcher;
    readonly faults: Faults;
    /** Begins to deliver in this worker. Phases: init_worker. */
    init_worker(): void;
    /** Phases: exit_worker. */
    exit_worker(): void;
    /** Finds out whether the request is a delivery, and removes the delivery token from it. Phases: access. */
    access(): void;
    /** Reads the body of a request that may have to be stored; to be called when no plugin has refused it. Phases: access; yields. */
    admitted(): void;
    /** False when no attempt is to be made, as the link is down. Phases: balancer. */
    before_balance(): boolean;
    /** Adds a header to stale responses; for a subrequest also does what `log` does. Phases: header_filter. */
    header_filter(): void;
    /** Learns whether the link works, and reports when nginx.conf does not lead to `content`. Phases: log. */
    log(): void;
    /** Stores a request that got no response. Phases: content. */
    content(): void;
}

const NAME = "edge";

const INTERNAL_ERROR = 500;
const BAD_GATEWAY = 502;

/** Longer than deliveries ever pause while the link is down. After that a request need not leave the trial to them. */
const PATIENCE_SECONDS = 10;

function init_worker(this: Edge): void {
    if (worker_process.is_here()) dispatchers.start(this.dispatcher);
}

function exit_worker(this: Edge): void {
    dispatchers.stop(this.dispatcher);
}

function access(this: Edge): void {
    tokens.take_off(this.jobs.token);
    if (!tokens.is_delivery()) return;
    request_state.open().delivery_of = this.route;
    callers.take_over();
}

function admitted(this: Edge): void {
    if (!tokens.was_given()) acceptance.read_ahead(this.jobs.settings);
}

function before_balance(this: Edge): boolean {
    if (this.upstream !== undefined && !this.upstream.has_nodes()) return false;
    if (links.is_up(this.link)) return true;
    // A request whose first attempt was let through may try all nodes.
    const [failure] = nginx_balancer.get_last_failure();
    if (failure !== undefined) return true;
    if (request.is_subrequest()) return links.may_try_in_background(this.link);
    // The dispatcher asked before it sent the delivery. While jobs wait, trials are left to them.
    if (tokens.is_delivery()) return true;
    const patience = usages.jobs(this.jobs.usage) > 0 ? PATIENCE_SECONDS : 0;
    return links.may_try_live(this.link, patience);
}

function header_filter(this: Edge): void {
    const status = request.variable("upstream_cache_status");
    const is_stale = status === "STALE" || status === "UPDATING";
    if (is_stale) ngx.header["X-OpenClaw-Stale"] = "1";
    if (tokens.is_delivery()) {
        // Only a response of the other end that is not older than the job may end it.
        if (is_stale) ngx.header[tokens.LINK_HEADER] = "stale";
        else if (link_observer.is_of_other_end(status)) ngx.header[tokens.LINK_HEADER] = "answered";
    }
    // A subrequest (a background update of the cache) has no log phase.
    if (request.is_subrequest()) link_observer.learn(this.link, true);
}

/** Reports when nginx.conf does not lead to `content`, so that a request without a response ends with nginx's own error. */
function check_error_page(edge: Edge): void {
    const status = request.status();
    if (status !== BAD_GATEWAY && status !== INTERNAL_ERROR) return;
    const header_times = request.variable("upstream_header_time");
    // No attempt was made, or the response is of the other end.
    if (header_times === undefined || string.find(header_times, "%d")[0] !== undefined) return;
    const tried = upstream_tries.last(request.variable("upstream_status") ?? "-");
    if (tried !== "502" && tried !== "504") return;
    edge.faults.report(
        "no_error_page",
        "a request got no response and was not stored: include nginx/edge_route.conf in the location of the route ",
        edge.route,
        ", and nginx/edge.conf in its server",
    );
}

function log(this: Edge): void {
    acceptance.abandon();
    if (!tokens.was_given()) check_error_page(this);
    link_observer.learn(this.link, !tokens.is_delivery());
    tokens.forget();
}

function content(this: Edge): void {
    // Nobody waits for the response to a subrequest.
    if (request.is_subrequest()) json_error.page();
    if (tokens.was_given()) tokens.decline(link_observer.was_reached());
    // The client no longer waits.
    if ((time_left.seconds() ?? 1) <= 0) json_error.too_late();
    own_answer.note();
    acceptance.accept(this.jobs);
}

/** Responds for the job whose id is in the URL, of whichever of these routes. Phases: content; yields. */
export function show_job(edges: readonly Edge[]): void {
    const refusal = operator_access.refusal_of_delivery();
    if (refusal !== undefined) json_error.respond(refusal.status, refusal.code, refusal.message);
    const id = string.sub(request.variable("uri") ?? "", job_page.PREFIX.length + 1);
    for (const edge of edges) {
        if (job_page.respond_if_found(edge.jobs, id)) return;
    }
    for (const edge of edges) job_page.refuse_unreadable(edge.jobs, id);
    // At most the time for which they store things differs.
    const first = edges[0];
    if (first === undefined) json_error.respond(404, "unknown_job", "There is no such job.");
    else job_page.respond_missing(first.jobs, id);
}

const metatable = {
    __index: { init_worker, exit_worker, access, admitted, before_balance, header_filter, log, content },
};

/** Options beside those of jobs. */
const LINK_SCHEMA = {
    fall: option(kinds.whole(1), 3, "number of attempts without a response that take the link down"),
    rise: option(kinds.whole(1), 2, "number of responses in a row that bring the link up again"),
    probe_seconds: option(
        kinds.positive,
        1,
        "seconds between two attempts that are let through while the link is down",
    ),
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` of the metrics and of the link's state"),
};

const SCHEMA = joined(settings.SCHEMA, LINK_SCHEMA);

/** Options of a plugin that stands alone, beside these. */
const ROUTE_SCHEMA = {
    route: required(kinds.text, "the name of the route"),
    upstream: optional(
        kinds.with_methods<Upstream>("an upstream, such as a balancer", ["has_nodes", "is_cut"]),
        "the balancer of the link",
    ),
};

/** The plugin for one route. Raises when the options do not fit together. Phases: init. */
export function create(options: Values<typeof SCHEMA>, { path, route, upstream }: Context): Edge {
    const registry = metric_registry.open(options.dict);
    const link = links.new(registry, route, options, upstream === undefined ? undefined : () => upstream.is_cut());
    const faults = fault.new(NAME, registry);
    const jobs = jobs_of.new(settings.of(options, path), registry, route, faults);
    const fields = { route, upstream, link, jobs, dispatcher: dispatchers.new(jobs, link), faults };
    return setmetatable(fields, metatable);
}

/** The plugin alone: the options in docs/edge.md, `route` and `upstream`. Raises when one is wrong. Phases: init. */
function alone(given: unknown): Edge {
    const options = read_or_raise(joined(ROUTE_SCHEMA, SCHEMA), given, NAME);
    return create(options, { path: NAME, route: options.route, upstream: options.upstream });
}
export { alone as new };

export const plugin = contract.define({
    name: NAME,
    meaning: "[keeps the route working](edge.md) while its link is down",
    // First: no other plugin may see the delivery token.
    order: { access: 100, admitted: 200, before_balance: 100, header_filter: 100, log: 100 },
    schema: SCHEMA,
    create,
    without: (): Plugin => ({ access: delivery_header.strip }),
});
