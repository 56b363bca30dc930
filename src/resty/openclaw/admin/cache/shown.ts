/** The JSON of the cache. docs/admin.md says what each field means. */
import type { Registry } from "../../core/metrics/metric_registry";
import type { Given } from "../../core/text/json/shapes";
import { exact, flag, list_of, object, rounded, text } from "../../core/text/json/shapes";
import * as time_slice from "../../core/time/time_slice";
import * as json from "../json";
import type { Figures } from "./figures";
import * as figures_of from "./figures";

/** Which answers are purged: those that are alike in all that is given, or all; or the one with the key. */
export interface Filter {
    readonly route: string | undefined;
    readonly tenant: string | undefined;
    readonly model: string | undefined;
    readonly key: string | undefined;
}

/** Purges that several gateways share. */
export interface SharedState {
    readonly address: string;
    readonly is_in_step: boolean;
    readonly delay_seconds: number;
}

/** What is kept of purges. */
export interface PurgeState {
    readonly path: string;
    readonly filters: number;
    /** The number of the last purge, and when it was; 0 before the first one. */
    readonly last: number;
    readonly at: WallTime;
    /** Nothing where no other gateway shares them. */
    readonly shared: SharedState | undefined;
}

/** A purge that was made. */
export interface PurgeMade {
    readonly generation: number;
    readonly is_all: boolean;
}

/** Who keeps purges. The methods never raise; all may be called in content. */
export interface Purges {
    state(): PurgeState;
    /** Purges what passes the filter. On failure nil and why. May yield. */
    add(filter: Filter): Result<PurgeMade>;
}

/** What the API knows of the cache. */
export interface Cached {
    readonly registry: Registry;
    /** Those with a cache. */
    readonly routes: readonly string[];
    /** Nothing where purges are not kept. */
    readonly purges: Purges | undefined;
}

interface RouteJson {
    route: string;
    hits: number;
    misses: number;
    bypassed: number;
    saved_bytes: number;
    saved_seconds: number;
}

interface SharedJson {
    redis: string;
    in_step: boolean;
    delay_seconds: number;
}

interface PurgesJson {
    file: string;
    filters: number;
    last_generation: number;
    last_at: number | null;
    shared: SharedJson | null;
}

interface CacheJson {
    routes: RouteJson[];
    purges: PurgesJson | null;
}

interface PurgedJson {
    route: string | null;
    tenant: string | null;
    model: string | null;
    key: string | null;
    all: boolean;
    generation: number;
}

const ROUTE = object<RouteJson>()(
    ["route", text],
    ["hits", exact],
    ["misses", exact],
    ["bypassed", exact],
    ["saved_bytes", exact],
    ["saved_seconds", rounded],
);

const SHARED = object<SharedJson>()(["redis", text], ["in_step", flag], ["delay_seconds", exact]);

const PURGES = object<PurgesJson>()(
    ["file", text],
    ["filters", exact],
    ["last_generation", exact],
    ["last_at", exact],
    ["shared", SHARED],
);

const CACHE = object<CacheJson>()(["routes", list_of(ROUTE)], ["purges", PURGES]);

const PURGED = object<PurgedJson>()(
    ["route", text],
    ["tenant", text],
    ["model", text],
    ["key", text],
    ["all", flag],
    ["generation", exact],
);

function fields_of(route: string, figures: Figures): Given<RouteJson> {
    const { hits, misses, bypassed, saved_bytes, saved_seconds } = figures;
    return { route, hits, misses, bypassed, saved_bytes, saved_seconds };
}

function purges_fields({ path, filters, last, at, shared }: PurgeState): Given<PurgesJson> {
    return {
        file: path,
        filters,
        last_generation: last,
        last_at: last === 0 ? undefined : at,
        shared: shared && {
            redis: shared.address,
            in_step: shared.is_in_step,
            delay_seconds: shared.delay_seconds,
        },
    };
}

/** All of it. Phases: content; yields, as all here. */
export function all({ registry, routes, purges }: Cached): string {
    const figures = figures_of.gather(registry, routes, time_slice.paced(time_slice.yield_now));
    return json.written(CACHE, {
        routes: (put) => {
            for (const place of $range(0, routes.length - 1)) put(fields_of(routes[place]!, figures[place]!));
        },
        purges: purges && purges_fields(purges.state()),
    });
}

/** What was purged. */
export function purged({ route, tenant, model, key }: Filter, { generation, is_all }: PurgeMade): string {
    return json.written(PURGED, { route, tenant, model, key, all: is_all, generation });
}
