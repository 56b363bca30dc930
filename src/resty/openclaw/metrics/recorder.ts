/** The figures every request leaves behind, for one route. */
import type { Counter, Histogram } from "../metric_handles";
import * as metric_registry from "../metric_registry";
import type { Family, Registry } from "../metric_registry";
import * as request from "../request";
import * as upstream_tries from "../upstream_tries";

export interface Families {
    readonly requests: Family<Counter>;
    readonly duration: Family<Histogram>;
    readonly upstream: Family<Histogram>;
    readonly cache: Family<Counter>;
    readonly request_bytes: Family<Counter>;
    readonly response_bytes: Family<Counter>;
}

export interface Recorder {
    /** By the first digit of the status. */
    readonly requests: LuaTable<number, Counter>;
    readonly other_requests: Counter;
    readonly duration: Histogram;
    readonly upstream: Histogram;
    /** By what `$upstream_cache_status` says. */
    readonly cache: LuaTable<string, Counter>;
    readonly request_bytes: Counter;
    readonly response_bytes: Counter;
    /** Counts the request that ends here. Phases: log. */
    log(): void;
}

/** All values of `$upstream_cache_status`: ngx_http_cache_status in nginx's ngx_http_upstream.c. */
const CACHE_STATUSES = ["MISS", "BYPASS", "EXPIRED", "STALE", "UPDATING", "REVALIDATED", "HIT"];

/** Reads the last try's part of `$upstream_response_time`. */
function last_seconds(value: string): number | undefined {
    return tonumber(value) ?? tonumber(upstream_tries.last(value));
}

function log(this: Recorder): void {
    (this.requests.get(math.floor(request.status() / 100)) ?? this.other_requests).inc();
    // The clock may have been set back meanwhile.
    this.duration.observe(request.seconds_taken());
    const upstream = request.variable("upstream_response_time");
    if (upstream !== undefined) {
        const seconds = last_seconds(upstream);
        if (seconds !== undefined) this.upstream.observe(seconds);
    }
    const cache = request.variable("upstream_cache_status");
    if (cache !== undefined) this.cache.get(cache)?.inc();
    this.request_bytes.inc(request.whole_number("request_length"));
    this.response_bytes.inc(request.whole_number("bytes_sent"));
}

const metatable = { __index: { log } };

/** The built-in families. Phases: init. */
export function families(registry: Registry, bounds: readonly number[]): Families {
    const { counter, histogram } = metric_registry;
    return {
        requests: counter(registry, "openclaw_requests_total", "Requests, by class of status.", ["route", "status"]),
        duration: histogram(
            registry,
            "openclaw_request_duration_seconds",
            "From the first byte of a request to the last byte of its answer.",
            ["route"],
            bounds,
        ),
        upstream: histogram(
            registry,
            "openclaw_upstream_duration_seconds",
            "What the node that was tried last took for its answer, connecting included.",
            ["route"],
            bounds,
        ),
        cache: counter(registry, "openclaw_cache_requests_total", "Requests to a route with a cache, by what it did.", [
            "route",
            "status",
        ]),
        request_bytes: counter(registry, "openclaw_request_bytes_total", "Size of all requests, headers included.", [
            "route",
        ]),
        response_bytes: counter(registry, "openclaw_response_bytes_total", "Size of all answers, headers included.", [
            "route",
        ]),
    };
}

/** A route's recorder, its handles bound. Phases: init. */
function create(of: Families, route: string): Recorder {
    const requests = new LuaTable<number, Counter>();
    for (const digit of $range(1, 5)) requests.set(digit, of.requests.labels(route, `${digit}xx`));
    const cache = new LuaTable<string, Counter>();
    for (const status of CACHE_STATUSES) cache.set(status, of.cache.labels(route, string.lower(status)));
    const fields = {
        requests,
        other_requests: of.requests.labels(route, "other"),
        duration: of.duration.labels(route),
        upstream: of.upstream.labels(route),
        cache,
        request_bytes: of.request_bytes.labels(route),
        response_bytes: of.response_bytes.labels(route),
    };
    return setmetatable(fields, metatable) as unknown as Recorder;
}
export { create as new };
