/** The families of the built-in metrics, and their handles for one route and variant. */
import type { Counter, Histogram } from "../core/metrics/metric_handles";
import type { Family, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";

export interface Families {
    readonly registry: Registry;
    readonly requests: Family<Counter>;
    readonly errors: Family<Counter>;
    readonly duration: Family<Histogram>;
    readonly first_byte: Family<Histogram>;
    readonly upstream: Family<Histogram>;
    readonly cache: Family<Counter>;
    readonly saved: Family<Counter>;
    readonly saved_bytes: Family<Counter>;
    readonly request_bytes: Family<Counter>;
    readonly response_bytes: Family<Counter>;
}

/** The handles of one route and variant. */
export interface Figures {
    /** By the first digit of the status. */
    readonly requests: LuaMap<number, Counter>;
    readonly other_requests: Counter;
    /** Likewise, of statuses that are errors: what limits and waiting rooms refused, and all others. */
    readonly refused: LuaMap<number, Counter>;
    readonly other_errors: LuaMap<number, Counter>;
    readonly duration: Histogram;
    readonly first_byte: Histogram;
    readonly upstream: Histogram;
    /** By the value of `$upstream_cache_status`. */
    readonly cache: LuaMap<string, Counter>;
    readonly saved: Counter;
    readonly saved_bytes: Counter;
    readonly request_bytes: Counter;
    readonly response_bytes: Counter;
    /** Route and variant. */
    readonly name: string;
    /** Recent mean duration of cache misses; created when a cache is first used. */
    node_seconds: Doubles | undefined;
}

/** All values of `$upstream_cache_status`: ngx_http_cache_status in nginx's ngx_http_upstream.c. */
const CACHE_STATUSES = ["MISS", "BYPASS", "EXPIRED", "STALE", "UPDATING", "REVALIDATED", "HIT"];

const LABELS = ["route", "variant"];
const LABELS_WITH_STATUS = ["route", "variant", "status"];
const LABELS_WITH_CAUSE = ["route", "variant", "status", "cause"];

function counter(registry: Registry, name: string, help: string, labels: readonly string[]): Family<Counter> {
    return metric_registry.counter(registry, name, help, labels);
}

function histogram(registry: Registry, name: string, help: string, bounds: readonly number[]): Family<Histogram> {
    return metric_registry.histogram(registry, name, help, LABELS, bounds);
}

/** The families. Phases: init. */
function create(registry: Registry, bounds: readonly number[]): Families {
    return {
        registry,
        requests: counter(registry, "openclaw_requests_total", "Requests, by class of status.", LABELS_WITH_STATUS),
        errors: counter(
            registry,
            "openclaw_request_errors_total",
            "Requests answered with 4xx or 5xx: refused by a limit or a waiting room, or for another cause.",
            LABELS_WITH_CAUSE,
        ),
        duration: histogram(
            registry,
            "openclaw_request_duration_seconds",
            "From the first byte of a request to the last byte of its answer.",
            bounds,
        ),
        first_byte: histogram(
            registry,
            "openclaw_request_first_byte_seconds",
            "From the first byte of a request to the first byte of its answer.",
            bounds,
        ),
        upstream: histogram(
            registry,
            "openclaw_upstream_duration_seconds",
            "What the node that was tried last took for its answer, connecting included.",
            bounds,
        ),
        cache: counter(
            registry,
            "openclaw_cache_requests_total",
            "Requests to a route with a cache, by what it did.",
            LABELS_WITH_STATUS,
        ),
        saved: counter(
            registry,
            "openclaw_cache_saved_seconds_total",
            "Time by which answers from the cache were quicker than nodes have lately been.",
            LABELS,
        ),
        saved_bytes: counter(
            registry,
            "openclaw_cache_saved_bytes_total",
            "Size of all answers from the cache, headers included.",
            LABELS,
        ),
        request_bytes: counter(
            registry,
            "openclaw_request_bytes_total",
            "Size of all requests, headers included.",
            LABELS,
        ),
        response_bytes: counter(
            registry,
            "openclaw_response_bytes_total",
            "Size of all answers, headers included.",
            LABELS,
        ),
    };
}
export { create as new };

/** The handles for a route and a variant. Phases: any. */
export function bind(of: Families, route: string, variant: string): Figures {
    const requests = new LuaMap<number, Counter>();
    for (const digit of $range(1, 5)) requests.set(digit, of.requests.labels(route, variant, `${digit}xx`));
    const refused = new LuaMap<number, Counter>();
    const other_errors = new LuaMap<number, Counter>();
    for (const digit of $range(4, 5)) {
        refused.set(digit, of.errors.labels(route, variant, `${digit}xx`, "refused"));
        other_errors.set(digit, of.errors.labels(route, variant, `${digit}xx`, "other"));
    }
    const cache = new LuaMap<string, Counter>();
    for (const status of CACHE_STATUSES) cache.set(status, of.cache.labels(route, variant, string.lower(status)));
    return {
        requests,
        other_requests: of.requests.labels(route, variant, "other"),
        refused,
        other_errors,
        duration: of.duration.labels(route, variant),
        first_byte: of.first_byte.labels(route, variant),
        upstream: of.upstream.labels(route, variant),
        cache,
        saved: of.saved.labels(route, variant),
        saved_bytes: of.saved_bytes.labels(route, variant),
        request_bytes: of.request_bytes.labels(route, variant),
        response_bytes: of.response_bytes.labels(route, variant),
        name: `${route} ${variant}`,
        node_seconds: undefined,
    };
}
