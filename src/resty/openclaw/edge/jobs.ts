/**
 * Requests that could not be sent on, stored on disk as jobs until they can. What all parts of the plugin know of one route's
 * jobs, in every worker: `acceptance` stores them, `dispatcher` delivers them, `job_page` gives out the responses.
 */
import type { Faults } from "../core/metrics/fault";
import type { Registry } from "../core/metrics/metric_registry";
import type { DeliveryToken } from "./delivery_token";
import * as tokens from "./delivery_token";
import type { Metrics } from "./metrics";
import * as metrics_of from "./metrics";
import type { Settings } from "./settings";
import type { Store } from "./store";
import * as stores from "./store";
import type { Reserve } from "./store/reserve";
import * as reserves from "./store/reserve";
import type { Usage } from "./store/usage";
import * as usages from "./store/usage";

export interface Jobs {
    readonly route: string;
    readonly settings: Settings;
    readonly store: Store;
    readonly usage: Usage;
    readonly reserve: Reserve;
    readonly token: DeliveryToken;
    readonly metrics: Metrics;
    readonly faults: Faults;
}

/** The jobs of that route. Phases: init. */
function create(settings: Settings, registry: Registry, route: string, faults: Faults): Jobs {
    const { names } = registry.region;
    const usage = usages.new(names, route, settings);
    const store = stores.new(settings.store, settings.thread_pool);
    return {
        route,
        settings,
        store,
        usage,
        reserve: reserves.new(store, route, settings.reserve_bytes, names),
        token: tokens.new(store),
        metrics: metrics_of.open(registry, route, usage),
        faults,
    };
}
export { create as new };
