/** Metrics for Prometheus: built-in metrics of all requests, custom metrics of users, and the page that exposes them. */
import type { Kind } from "./config/kinds";
import * as kinds from "./config/kinds";
import * as problem from "./config/problems";
import type { Values } from "./config/schema";
import { again, computed, option, read_or_raise } from "./config/schema";
import type { Faults } from "./core/metrics/fault";
import * as fault from "./core/metrics/fault";
import type { Counter, Gauge, Histogram } from "./core/metrics/metric_handles";
import type { Family, Registry } from "./core/metrics/metric_registry";
import * as metric_registry from "./core/metrics/metric_registry";
import type { AllowList } from "./core/metrics/metric_registry/allow_list";
import { LABELS } from "./core/metrics/metric_registry/allow_list";
import type { Catalogue } from "./core/metrics/metric_registry/catalogue";
import * as catalogues from "./core/metrics/metric_registry/catalogue";
import * as json_error from "./core/request/json_error";
import * as operator_access from "./core/request/operator_access";
import type { Token } from "./core/request/operator_access/token";
import * as tokens from "./core/request/operator_access/token";
import * as request from "./core/request/request";
import * as time_slice from "./core/time/time_slice";
import * as declaration from "./metrics/declaration";
import * as exposition from "./metrics/exposition";
import type { Families } from "./metrics/families";
import * as built_in from "./metrics/families";
import * as first_byte from "./metrics/first_byte";
import * as negotiation from "./metrics/negotiation";
import { pause } from "./metrics/pause";
import * as process from "./metrics/process";
import type { Recorder } from "./metrics/recorder";
import * as recorders from "./metrics/recorder";

export interface Metrics {
    readonly registry: Registry;
    readonly faults: Faults;
    readonly catalogue: Catalogue;
    readonly families: Families;
    readonly route: string;
    readonly token: Token | undefined;
    /** Created with the first request, as most gateways have a recorder for each route instead. */
    default_recorder?: Recorder;
    /**
     * A family of custom counters; `:labels(value, …)` returns a handle to keep, whose `:inc(by)` counts. Raises when the name is invalid
     * or has another kind or other labels. Phases: init.
     */
    counter(name: string, help: string, label_names?: readonly string[]): Family<Counter>;
    /** A family of gauges; its handles have `:set(value)`. Else as `counter`. */
    gauge(name: string, help: string, label_names?: readonly string[]): Family<Gauge>;
    /** A family of histograms; its handles have `:observe(value)`. `bounds`: rising, at most 48. Else as `counter`. */
    histogram(
        name: string,
        help: string,
        label_names?: readonly string[],
        bounds?: readonly number[],
    ): Family<Histogram>;
    /** The built-in metrics of one route: an object with the methods `header_filter` and `log`. Phases: init. */
    recorder(route: string): Recorder;
    /** Notes the start of the response. Phases: header_filter. */
    header_filter(): void;
    /** Counts the request under the route of the options. Phases: log. */
    log(): void;
    /**
     * Refuses requests that may not see the page: with a token those without it; else those from this machine that come from a proxy or a
     * web page (see operator_access). For other machines nginx's `allow` and `deny` decide. Phases: access.
     */
    access(): void;
    /**
     * Responds with all metrics of all workers, in the OpenMetrics format for clients that prefer it, else in Prometheus' text format; GET
     * and HEAD only. Phases: content.
     */
    page(): void;
}

const NAME = "metrics";

const BOUNDS = kinds.list_of(kinds.positive);

const BUCKETS: Kind<readonly number[]> = {
    name: "list of rising numbers > 0",
    read: (given, path, problems) => {
        const bounds = BOUNDS.read(given, path, problems);
        const most = metric_registry.MOST_BOUNDS;
        if (bounds.length > most) problem.add(problems, path, `a list of at most ${most} numbers`, given);
        for (const place of $range(2, bounds.length)) {
            const [bound, before] = [bounds[place - 1]!, bounds[place - 2]!];
            if (bound <= before) problem.add(problems, `${path}[${place}]`, `a number above ${before}`, bound);
        }
        return bounds;
    },
};

/** The options of docs/metrics.md. */
export const SCHEMA = {
    dict: option(kinds.text, "openclaw", "the `lua_shared_dict` to use; `nginx.metric` always uses `openclaw`"),
    max_series: option(
        kinds.whole(1),
        metric_registry.DEFAULT_MOST_SERIES,
        "maximum number of combinations of label values each metric may have; later ones count as `_other`",
    ),
    max_bytes: computed(
        kinds.whole(1),
        "three quarters of the dict",
        "maximum size of the names of all series in the `lua_shared_dict`; past it, new combinations of label values count as `_other`; the error log says so if the series at the start take it all",
    ),
    max_values: option(
        kinds.whole(1),
        metric_registry.DEFAULT_MOST_VALUES,
        "maximum number of values of labels from outside (`model`, `finish_reason`, and `variant` of inference and slow log); later ones count as `_other`",
    ),
    idle_seconds: option(
        kinds.not_negative,
        metric_registry.DEFAULT_IDLE_SECONDS,
        "seconds after which a series that no worker has counted in is dropped; 0: never",
    ),
    labels: option(
        LABELS,
        new LuaMap<string, AllowList>(),
        "labels to keep, by metric; metrics that are not listed keep all; see [below](#fewer-labels-labels)",
    ),
    buckets: option(
        BUCKETS,
        metric_registry.SECONDS,
        `upper bounds of the built-in histograms, in seconds, at most ${metric_registry.MOST_BOUNDS}`,
    ),
    route: option(kinds.text, "default", "the label `route` of what `log` counts"),
    token: again(tokens.TOKEN_OPTION),
    token_file: again(tokens.TOKEN_FILE_OPTION),
};

function counter(this: Metrics, name: string, help: string, label_names?: readonly string[]): Family<Counter> {
    return metric_registry.counter(this.registry, name, help, label_names);
}

function gauge(this: Metrics, name: string, help: string, label_names?: readonly string[]): Family<Gauge> {
    return metric_registry.gauge(this.registry, name, help, label_names);
}

function histogram(
    this: Metrics,
    name: string,
    help: string,
    label_names?: readonly string[],
    bounds?: readonly number[],
): Family<Histogram> {
    return metric_registry.histogram(this.registry, name, help, label_names, bounds);
}

function recorder(this: Metrics, route: string): Recorder {
    return recorders.new(this.families, route);
}

function header_filter(this: Metrics): void {
    first_byte.note();
}

function log(this: Metrics): void {
    this.default_recorder = this.default_recorder ?? recorders.new(this.families, this.route);
    this.default_recorder.log();
}

/** Sends a piece, waits until the client has received it, and lets nginx serve other requests. */
function send(piece: string): boolean {
    const [sent] = ngx.print(piece);
    if (sent !== 1) return false;
    const [, err] = ngx.flush(true);
    pause();
    // For HTTP/1.0 clients and for subrequests nginx buffers the response until it is complete.
    return err === undefined || err === "buffering" || err === "nothing to flush";
}

function access(this: Metrics): void {
    const refusal = operator_access.refusal_on_this_machine(this.token, this.faults);
    if (refusal === undefined) return;
    if (refusal.status === 401) ngx.header["WWW-Authenticate"] = 'Basic realm="openclaw", charset="UTF-8"';
    json_error.respond(refusal.status, refusal.code, refusal.message);
}

function page(this: Metrics): void {
    const method = ngx.req.get_method();
    if (method !== "GET" && method !== "HEAD") {
        ngx.header.Allow = "GET, HEAD";
        ngx.exit(405);
        return;
    }
    const format = negotiation.choose(request.variable("http_accept"));
    ngx.header["Content-Type"] = format.content_type;
    ngx.header.Vary = "Accept";
    if (method === "HEAD") return;
    catalogues.refresh(this.catalogue, time_slice.paced(pause));
    // Closes the connection, so that no client takes the part for the whole page.
    if (!exposition.render(this.catalogue, this.faults, format, send)) ngx.exit(ngx.ERROR);
}

const metatable = { __index: { counter, gauge, histogram, recorder, header_filter, log, access, page } };

/** The metrics of one shared dict. Raises when the options contradict nginx.conf. Phases: init. */
export function create(options: Values<typeof SCHEMA>, path: string): Metrics {
    const { dict, max_bytes } = options;
    const registry = metric_registry.open(dict);
    if (!registry.region.shared) error(`${problem.beginning(path)} nginx.conf needs "lua_shared_dict ${dict} 10m;"`, 0);
    const capacity = registry.dict!.capacity();
    if (max_bytes !== undefined && max_bytes > capacity) {
        const most = `at most ${capacity}, as "lua_shared_dict ${dict}" has no more`;
        problem.refuse(`${path}.max_bytes`, most, max_bytes);
    }
    registry.most_series = options.max_series;
    registry.most_bytes = max_bytes;
    registry.most_values = options.max_values;
    registry.idle_seconds = options.idle_seconds;
    metric_registry.allow_labels(registry, options.labels, path);
    declaration.forget(registry);
    const families = built_in.new(registry, options.buckets);
    process.show_all(registry);
    const fields = {
        registry,
        faults: fault.new(NAME, registry),
        catalogue: catalogues.of(registry),
        families,
        route: options.route,
        token: tokens.new(path, options),
    };
    return setmetatable(fields, metatable);
}

/** The metrics alone, from the options in docs/metrics.md. Raises when one is wrong. Phases: init. */
function alone(options?: unknown): Metrics {
    return create(read_or_raise(SCHEMA, options ?? {}, NAME), NAME);
}
export { alone as new };
