/** Reads the figures of a registry: their totals, and how much these grew lately. */
import * as ffi from "ffi";
import * as shared_memory from "../core/memory/shared_memory";
import type { Kind } from "../core/metrics/metric_registry";
import * as series_list from "../core/metrics/metric_registry/series_list";
import type { History, Track } from "./history";
import * as histories from "./history";
import type { Family, Labels } from "./series";
import * as series_of from "./series";

/** Where a page looks back to. */
export interface Window {
    readonly history: History;
    /** The number of the sample at its beginning. */
    readonly oldest: number;
    /** 0 while there is too little to look back to: all growth is 0 then. */
    readonly seconds: number;
    /** Called after each series: see `time_slice.paced`. */
    readonly yield_if_due: (this: void) => void;
}

/** Rates over less time would mean little. */
const LEAST_SECONDS = 1;

/**
 * Looks back a minute, or as far as there are samples. Phases: any.
 * @param yield_if_due called after each series by those who read through the window
 */
export function look_back(history: History, now: MonotonicTime, yield_if_due: (this: void) => void): Window {
    const step = math.max(1, history.step - histories.WINDOW_STEPS);
    const oldest = histories.sample_at(history, step);
    const seconds = history.step === 0 ? 0 : now - histories.time_of(history, step);
    return { history, oldest, seconds: seconds < LEAST_SECONDS ? 0 : seconds, yield_if_due };
}

/** How much a total has grown. One that is less than before has started again at 0. */
function growth(from: number, to: number): number {
    return to < from ? to : to - from;
}

/** How much a number of a series has grown within the window. */
function grown(window: Window, track: Track | undefined, place: number, to: number): number {
    return window.seconds === 0 ? 0 : growth(histories.before(track, window.oldest, place), to);
}

/** More than any histogram has buckets. */
const present = ffi.new("double[?]", 64) as unknown as Doubles;

/** Whether anybody counts under this name, or means to. Phases: any. */
export function exists(window: Window, name: string): boolean {
    const { index, registry } = window.history;
    return registry.families.has(name) || series_of.family(index, name) !== undefined;
}

/** One series, while it is visited. */
interface Visited {
    readonly family: Family;
    readonly place: number;
    readonly slot: number;
    readonly track: Track | undefined;
}

/** Visits the series of a family of this kind that are still there. */
function each_series(window: Window, name: string, kind: Kind, look: (this: void, one: Visited) => void): void {
    const { index, tracks } = window.history;
    const family = series_of.family(index, name);
    if (family === undefined || family.kind !== kind) return;
    const its_tracks = tracks.get(name);
    const list = family.series;
    for (const place of $range(0, list.count - 1)) {
        if (series_of.is_current(index, family, place)) {
            const track = histories.find(its_tracks, list, place);
            look({ family, place, slot: series_list.slot(list, place), track });
            window.yield_if_due();
        }
    }
}

/** Visits the series of counters: their labels, their totals, and how much of these came within the window. */
export function each(
    window: Window,
    name: string,
    visit: (this: void, labels: Labels, total: number, recent: number) => void,
): void {
    each_series(window, name, "counter", (one) => {
        const total = shared_memory.total(window.history.registry.region, one.slot);
        visit(series_of.labels_at(one.family, one.place), total, grown(window, one.track, 0, total));
    });
}

/** Visits the figures of a family that are computed when they are read: their labels and values. Phases: any. */
export function collected(
    window: Window,
    name: string,
    visit: (this: void, labels: Labels, value: number) => void,
): void {
    for (const collector of window.history.registry.collectors) {
        if (collector.name === name) {
            // One that fails is reported by the metrics page.
            pcall(collector.collect, (labels: string, value: number) => {
                visit(series_of.labels_of(labels), value);
            });
        }
    }
}

/** Visits the series of histograms: their labels, what came into each bucket within the window, and the bounds. */
export function each_histogram(
    window: Window,
    name: string,
    visit: (this: void, labels: Labels, counts: readonly number[], bounds: readonly number[]) => void,
): void {
    const { registry, tracks } = window.history;
    each_series(window, name, "histogram", ({ family, place, slot, track }) => {
        histories.read_now(registry.region, tracks.get(name)!.plan, family, slot, present, 0);
        const counts: number[] = [];
        for (const bucket of $range(0, family.bounds.length)) {
            counts[bucket] = grown(window, track, bucket, present.get(bucket));
        }
        visit(series_of.labels_at(family, place), counts, family.bounds);
    });
}

/** The mean of what was counted from one sample to the next, for each step of the chart; nothing where there was none. */
function points_of(history: History, track: Track | undefined): LuaMap<number, number> {
    const points = new LuaMap<number, number>();
    for (const place of $range(1, histories.POINTS)) {
        const step = history.step - histories.POINTS + place;
        if (step > 1) {
            const from = histories.sample_at(history, step - 1);
            const to = histories.sample_at(history, step);
            const count = growth(histories.before(track, from, 0), histories.before(track, to, 0));
            const sum = growth(histories.before(track, from, 1), histories.before(track, to, 1));
            if (count > 0) points.set(place, sum / count);
        }
    }
    return points;
}

/** Visits the series of histograms that are charted: their labels, the mean within the window, the points by their place. */
export function each_chart(
    window: Window,
    name: string,
    visit: (this: void, labels: Labels, mean: number | undefined, points: LuaMap<number, number>) => void,
): void {
    const { registry, tracks } = window.history;
    each_series(window, name, "histogram", ({ family, place, slot, track }) => {
        histories.read_now(registry.region, tracks.get(name)!.plan, family, slot, present, 0);
        const count = grown(window, track, 0, present.get(0));
        const mean = count > 0 ? grown(window, track, 1, present.get(1)) / count : undefined;
        visit(series_of.labels_at(family, place), mean, points_of(window.history, track));
    });
}
