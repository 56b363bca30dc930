/** What the cache of each route has done, by the built-in metrics. */
import * as shared_memory from "../../core/memory/shared_memory";
import type { Registry } from "../../core/metrics/metric_registry";
import * as catalogues from "../../core/metrics/metric_registry/catalogue";
import * as label_texts from "../../core/metrics/metric_registry/label_text";
import * as series_list from "../../core/metrics/metric_registry/series_list";

/** Of a route; its requests of all variants together. */
export interface Figures {
    /** Answered by the cache without waiting for a node. */
    hits: number;
    /** Looked up in vain: a node answered, or said that the answer is good still. */
    misses: number;
    /** Not looked up. */
    bypassed: number;
    saved_bytes: number;
    saved_seconds: number;
}

type Count = "hits" | "misses" | "bypassed";

const BY_STATUS: Readonly<Record<string, Count | undefined>> = {
    hit: "hits",
    stale: "hits",
    updating: "hits",
    miss: "misses",
    expired: "misses",
    revalidated: "misses",
    bypass: "bypassed",
};

/** The values of a series' labels, escaped. */
function values_of(text: string): LuaMap<string, string> {
    const values = new LuaMap<string, string>();
    label_texts.each(text, (name, value) => {
        values.set(name, value);
    });
    return values;
}

type Visit = (this: void, figures: Figures, status: string, total: number) => void;

/** Visits the series of a counter that belong to one of these routes. */
function each(
    registry: Registry,
    name: string,
    routes: ReadonlyLuaMap<string, Figures>,
    pause: (this: void) => void,
    visit: Visit,
): void {
    const shape = catalogues.in_force(catalogues.of(registry), name);
    if (shape === undefined) return;
    const { series } = shape;
    for (const place of $range(0, series.count - 1)) {
        if (series_list.is_current(series, place, registry.region.generations)) {
            const values = values_of(series_list.labels(series, place));
            const figures = routes.get(values.get("route") ?? "");
            const total = shared_memory.total(registry.region, series_list.slot(series, place));
            if (figures !== undefined) visit(figures, values.get("status") ?? "", total);
            pause();
        }
    }
}

/** The figures of these routes, in their order. Phases: content; `pause` may yield. */
export function gather(registry: Registry, routes: readonly string[], pause: (this: void) => void): Figures[] {
    const by_label = new LuaMap<string, Figures>();
    const all: Figures[] = [];
    for (const route of routes) {
        const figures = { hits: 0, misses: 0, bypassed: 0, saved_bytes: 0, saved_seconds: 0 };
        by_label.set(label_texts.escaped(route), figures);
        all.push(figures);
    }
    catalogues.refresh(catalogues.of(registry), pause);
    each(registry, "openclaw_cache_requests_total", by_label, pause, (figures, status, total) => {
        const count = BY_STATUS[status];
        if (count !== undefined) figures[count] += total;
    });
    each(registry, "openclaw_cache_saved_bytes_total", by_label, pause, (figures, _, total) => {
        figures.saved_bytes += total;
    });
    each(registry, "openclaw_cache_saved_seconds_total", by_label, pause, (figures, _, total) => {
        figures.saved_seconds += total;
    });
    return all;
}
