/** Metrics of keys in files and of JWKS, by route and method. Computed at each scrape, by what the worker that serves it knows. */
import type { Entries, Sample } from "../core/metrics/gauges";
import * as gauges from "../core/metrics/gauges";
import type { Counter } from "../core/metrics/metric_handles";
import type { Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Method } from "./model";

/** What a source of keys tells. */
export interface Source {
    /** The keys in use. */
    count(): number;
    /** Whether the keys in use are older ones, because the last attempt to load them failed. */
    is_stale(): boolean;
    /** When the keys were last loaded, or found to be unchanged; nothing if never. */
    loaded_at(): WallTime | undefined;
}

type MethodName = Method["name"];

interface Shown {
    readonly route: string;
    readonly method: MethodName;
    source: Source;
}

const shown_by_registry: Entries<Shown> = new LuaMap();

function show(registry: Registry, all: readonly Shown[]): void {
    function add(name: string, help: string, value_of: (this: void, source: Source) => number): void {
        gauges.of(registry, name, help, ["route", "method"], (sample: Sample) => {
            for (const { route, method, source } of all) sample(value_of(source), route, method);
        });
    }
    add("openclaw_auth_keys", "Keys that credentials of a route are checked with; 0 if none are loaded.", (source) =>
        source.count(),
    );
    add(
        "openclaw_auth_keys_stale",
        "1 if a route uses older keys because the last attempt to load them failed, otherwise 0.",
        (source) => (source.is_stale() ? 1 : 0),
    );
    add(
        "openclaw_auth_keys_loaded_timestamp_seconds",
        "When the keys of a route were last loaded, or found unchanged, in seconds since 1970; 0 if never.",
        (source) => source.loaded_at() ?? 0,
    );
}

/** Shows a route's source of keys for a method, in place of one that it had before. Phases: init. */
export function add(registry: Registry, route: string, method: MethodName, source: Source): void {
    for (const shown of shown_by_registry.get(registry) ?? []) {
        if (shown.route === route && shown.method === method) {
            shown.source = source;
            return;
        }
    }
    gauges.add(shown_by_registry, registry, { route, method, source }, show);
}

/** Counts failed attempts to load the keys of a route. Phases: init. */
export function failures(registry: Registry, route: string, method: MethodName): Counter {
    const family = metric_registry.counter(
        registry,
        "openclaw_auth_key_load_failures_total",
        "Times that the keys of a route could not be loaded: a file once for each change, a URL once for each request.",
        ["route", "method"],
    );
    return family.labels(route, method);
}
