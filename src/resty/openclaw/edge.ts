/**
 * Keeps a route going while the link to the place that answers it is down: requests are declined at once, which lets nginx
 * answer with a stale copy; those for which it has none are kept on disk, and delivered when the link is back. See
 * docs/edge.md.
 */
import * as nginx_balancer from "ngx.balancer";
import * as clock from "./core/time/clock";
import * as kinds from "./config/kinds";
import { joined, option, optional, read_or_raise, required } from "./config/schema";
import type { Values } from "./config/schema";
import * as delivery_header from "./core/request/delivery_header";
import * as acceptance from "./edge/acceptance";
import * as deliveries from "./edge/deliveries";
import * as jobs_of from "./edge/jobs";
import type { Jobs } from "./edge/model";
import * as settings from "./edge/jobs/settings";
import * as jobs_page from "./edge/jobs_page";
import * as links from "./edge/link";
import type { Link } from "./edge/link";
import * as fault from "./core/metrics/fault";
import type { Faults } from "./core/metrics/fault";
import * as contract from "./gateway/contract";
import type { Context, Plugin, Upstream } from "./gateway/contract";
import * as json_error from "./core/request/json_error";
import * as metric_registry from "./core/metrics/metric_registry";
import * as operator_access from "./core/request/operator_access";
import * as request from "./core/request/request";
import * as time_left from "./core/request/time_left";
import * as upstream_tries from "./core/request/upstream_tries";
import * as worker_process from "./core/process/worker_process";

export interface Edge {
    readonly route: string;
    readonly upstream: Upstream | undefined;
    readonly link: Link;
    readonly jobs: Jobs;
    readonly faults: Faults;
    /** Begins to deliver in this worker. Phases: init_worker. */
    init_worker(): void;
    /** Phases: exit_worker. */
    exit_worker(): void;
    /** Finds out whether this is a delivery, and takes the mark of one off the request. Phases: access. */
    access(): void;
    /** Reads the body of a request that may have to be kept; to be called when nobody refuses it any more. Phases: access; yields. */
    admitted(): void;
    /** False where this try is to be spared, as the link is known to be down. Phases: balancer. */
    before_balance(): boolean;
    /** Says on the answer whether it is a stale copy; of a subrequest as `log`. Phases: header_filter. */
    header_filter(): void;
    /** Learns whether the link works, and notices where nginx.conf keeps nothing. Phases: log. */
    log(): void;
    /** Answers a request that got no answer: keeps it. Phases: content. */
    content(): void;
}

const NAME = "edge";

const INTERNAL_ERROR = 500;
const BAD_GATEWAY = 502;

/** Longer than deliveries ever pause. When none has come for so long, something is wrong with them. */
const PATIENCE_SECONDS = 10;

function init_worker(this: Edge): void {
    if (worker_process.is_here()) this.jobs.init_worker();
}

function exit_worker(this: Edge): void {
    this.jobs.exit_worker();
}

function access(this: Edge): void {
    deliveries.note(this.jobs.mark);
}

function admitted(this: Edge): void {
    if (!deliveries.is_marked()) acceptance.read_ahead(this.jobs.settings);
}

function before_balance(this: Edge): boolean {
    if (this.upstream !== undefined && !this.upstream.has_nodes()) return false;
    if (links.is_up(this.link)) return true;
    // What was let through may try all nodes.
    const [failure] = nginx_balancer.get_last_failure();
    if (failure !== undefined) return true;
    if (request.is_subrequest()) return links.may_try_in_background(this.link);
    // A delivery has asked before it was sent. While there are some to come no client need wait for a trial.
    if (deliveries.is_own()) return true;
    const patience = this.jobs.report().pending > 0 ? PATIENCE_SECONDS : 0;
    return links.may_try_live(this.link, patience);
}

/** Seconds since the last try began; where nginx does not know, since the request did. */
function seconds_since_try(): number {
    const seconds = request.last_seconds("upstream_response_time");
    return seconds ?? request.seconds_taken();
}

/** Whether somebody took the connection of the last try. */
function was_reached(): boolean {
    return request.last_seconds("upstream_connect_time") !== undefined;
}

/** As `learn`, where it is not that the only try was answered. */
function learn_from_failure(link: Link, is_live: boolean): void {
    const address = request.variable("upstream_addr");
    // The balancer declined.
    if (address === undefined || upstream_tries.last(address) === "") return;
    const header_times = request.variable("upstream_header_time") ?? "";
    if (string.find(header_times, "%d")[0] !== undefined) {
        links.answered(link, later(clock.now(), -seconds_since_try()), is_live);
        return;
    }
    // It was given too little time for that to tell anything.
    if (time_left.was_short()) return;
    // Who delivers it knows the job, and judges that.
    if (!is_live && was_reached()) return;
    const status = upstream_tries.last(request.variable("upstream_status") ?? "-");
    // Without a status the client has left first, which tells nothing.
    if (status === "502" || status === "504") links.failed(link, later(clock.now(), -seconds_since_try()));
}

/** Learns whether the link works from how the tries of the request at hand went, which may have ended or go on. */
function learn(link: Link, is_live: boolean): void {
    const header_seconds = request.seconds("upstream_header_time");
    // The cache had the answer.
    if (header_seconds === undefined) return;
    if (header_seconds < 0) {
        learn_from_failure(link, is_live);
        return;
    }
    // The answer may have gone on for long since it began.
    const seconds = request.seconds("upstream_response_time") ?? -1;
    links.answered(link, later(clock.now(), -math.max(0, seconds - header_seconds)), is_live);
}

/** Whether what the cache has, or the other end has said, is what the request is answered. Phases: header_filter. */
function is_answered(cache_status: string | undefined): boolean {
    if (cache_status === "HIT" || cache_status === "REVALIDATED") return true;
    return request.last_seconds("upstream_header_time") !== undefined;
}

function header_filter(this: Edge): void {
    const status = request.variable("upstream_cache_status");
    const is_stale = status === "STALE" || status === "UPDATING";
    if (is_stale) ngx.header["X-OpenClaw-Stale"] = "1";
    if (deliveries.is_own()) {
        // What a job is answered must not be older than the job, nor what only the gateway has to say.
        if (is_stale) ngx.header[acceptance.LINK_HEADER] = "stale";
        else if (is_answered(status)) ngx.header[acceptance.LINK_HEADER] = "answered";
    }
    // A subrequest (a background update of the cache) has no log phase.
    if (request.is_subrequest()) learn(this.link, true);
}

/** Says so where nginx.conf does not lead to `content`: a request that nobody answered ends with nginx's own error then. */
function look_at_error_page(edge: Edge): void {
    const status = request.status();
    if (status !== BAD_GATEWAY && status !== INTERNAL_ERROR) return;
    const header_times = request.variable("upstream_header_time");
    // Nobody was to be asked, or the other end has said so.
    if (header_times === undefined || string.find(header_times, "%d")[0] !== undefined) return;
    const tried = upstream_tries.last(request.variable("upstream_status") ?? "-");
    if (tried !== "502" && tried !== "504") return;
    edge.faults.report(
        "no_error_page",
        "a request got no answer and was not kept: include nginx/edge_route.conf in the location of the route ",
        edge.route,
        ", and nginx/edge.conf in its server",
    );
}

function log(this: Edge): void {
    acceptance.abandon();
    if (!deliveries.is_marked()) look_at_error_page(this);
    learn(this.link, !deliveries.is_own());
    deliveries.forget();
}

function content(this: Edge): void {
    // Nobody waits for the answer of a subrequest, and its request is that of another one.
    if (request.is_subrequest()) json_error.page();
    if (deliveries.is_marked()) this.jobs.decline(was_reached());
    // Nobody would ask for the answer.
    if ((time_left.seconds() ?? 1) <= 0) json_error.too_late();
    this.jobs.accept();
}

/** Answers with what became of the job that the address names, of whichever of these routes. Phases: content; yields. */
export function show_job(edges: readonly Edge[]): void {
    const refusal = operator_access.refusal_of_delivery();
    if (refusal !== undefined) json_error.respond(refusal.status, refusal.code, refusal.message);
    const id = string.sub(request.variable("uri") ?? "", jobs_of.PREFIX.length + 1);
    for (const edge of edges) {
        if (edge.jobs.page(id)) return;
    }
    for (const edge of edges) jobs_page.refuse_unreadable(edge.jobs, id);
    // They differ in how long they keep things at most.
    const first = edges[0];
    if (first === undefined) json_error.respond(404, "unknown_job", "There is no such job.");
    else first.jobs.miss(id);
}

const metatable = {
    __index: { init_worker, exit_worker, access, admitted, before_balance, header_filter, log, content },
};

/** Beside those of jobs. */
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

/** Beside these where the plugin stands alone. */
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
    const jobs = jobs_of.new(settings.of(options, path), registry, link, faults);
    const fields = { route, upstream, link, jobs, faults };
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
    // First: the mark of a delivery is nothing for others to see.
    order: { access: 100, admitted: 200, before_balance: 100, header_filter: 100, log: 100 },
    schema: SCHEMA,
    create,
    without: (): Plugin => ({ access: delivery_header.strip }),
});
