/** What the status document says of the cache of a route. */
import type { Counter } from "../core/metrics/metric_handles";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Store } from "./store";

function totals(counters: Record<string, Counter>): Record<string, number> {
    const found: Record<string, number> = {};
    for (const [name, counter] of pairs(counters)) found[name] = metric_handles.total(counter);
    return found;
}

/** Followers and recorded answers by result, near answers, and the bytes of shared memory for answers. Phases: any. */
export function document(store: Store): object {
    return {
        followers: totals(store.following),
        recorded: totals(store.results),
        near: metric_handles.total(store.near.total),
        memory: { bytes: store.dict.capacity(), free_bytes: store.dict.free_space() },
    };
}
