/** Metrics of conversions, for each route. */
import type { Entries } from "../core/metrics/gauges";
import * as gauges from "../core/metrics/gauges";
import type { Counter, Histogram } from "../core/metrics/metric_handles";
import * as metric_handles from "../core/metrics/metric_handles";
import type { Family, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";
import type { Converted } from "./conversion/model";
import type { Places } from "./places";
import * as places_of from "./places";

export interface Figures {
    readonly route: string;
    readonly results: Family<Counter>;
    readonly queue_seconds: Histogram;
    readonly work_seconds: Histogram;
    readonly bytes_in: Counter;
    readonly bytes_out: Counter;
    readonly pixels_in: Counter;
    readonly pixels_out: Counter;
}

interface Shown {
    readonly route: string;
    readonly places: Places;
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const shown_by_registry: Entries<Shown> = new LuaMap();

function show_all(registry: Registry, all: readonly Shown[]): void {
    gauges.of(registry, "openclaw_image_running", "Conversions that run now.", ["route"], (sample) => {
        for (const { route, places } of all) sample(places_of.taken(places), route);
    });
    gauges.of(registry, "openclaw_image_waiting", "Requests that wait for a conversion now.", ["route"], (sample) => {
        for (const { route, places } of all) sample(places_of.waiting(places), route);
    });
}

/** The metrics of a route. Phases: init. */
function create(registry: Registry, route: string, places: Places): Figures {
    const results = metric_registry.counter(
        registry,
        "openclaw_image_jobs_total",
        "Bodies with images, by what became of them: converted, untouched, trusted, or the code of the problem.",
        ["route", "result"],
    );
    const queue_seconds = metric_registry.histogram(
        registry,
        "openclaw_image_queue_seconds",
        "How long requests waited for a conversion to begin.",
        ["route"],
        SECONDS,
    );
    const work_seconds = metric_registry.histogram(
        registry,
        "openclaw_image_work_seconds",
        "How long conversions took.",
        ["route"],
        SECONDS,
    );
    const bytes = metric_registry.counter(
        registry,
        "openclaw_image_bytes_total",
        "Bytes of images, as they came in and as they went out.",
        ["route", "direction"],
    );
    const pixels = metric_registry.counter(
        registry,
        "openclaw_image_pixels_total",
        "Pixels of images, as they came in and as they went out.",
        ["route", "direction"],
    );
    results.labels(route, "converted");
    gauges.add(shown_by_registry, registry, { route, places }, show_all);
    return {
        route,
        results,
        queue_seconds: queue_seconds.labels(route),
        work_seconds: work_seconds.labels(route),
        bytes_in: bytes.labels(route, "in"),
        bytes_out: bytes.labels(route, "out"),
        pixels_in: pixels.labels(route, "in"),
        pixels_out: pixels.labels(route, "out"),
    };
}
export { create as new };

/** Counts what became of a body. Phases: any. */
export function count({ results, route }: Figures, result: string): void {
    metric_handles.add(results.labels(route, result));
}

/** Counts the images of a body that was converted. Phases: any. */
export function count_images(figures: Figures, images: readonly Converted[]): void {
    for (const { source_bytes, source_pixels, bytes, width, height } of images) {
        metric_handles.add(figures.bytes_in, source_bytes);
        metric_handles.add(figures.bytes_out, bytes);
        metric_handles.add(figures.pixels_in, source_pixels);
        metric_handles.add(figures.pixels_out, width * height);
    }
}
