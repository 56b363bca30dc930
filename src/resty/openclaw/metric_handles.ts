/**
 * What counts: counters, gauges and histograms, each bound to its slots in shared memory. Bind once and keep; using a
 * handle is a search among the bounds at most, and a plain add, without any garbage. Phases of all of it: any.
 */
import { find } from "./metric_handles/buckets";
import type { Buckets } from "./metric_handles/buckets";
import type { Region } from "./shared_memory";

/** Only ever grows. */
export interface Counter {
    readonly region: Region;
    readonly slot: number;
    /** Adds `by` (1). What is not a finite number from 0 up is passed over. */
    inc(by?: number): void;
}

/** Holds the value that was set last, by whichever worker. */
export interface Gauge {
    readonly region: Region;
    readonly slot: number;
    /** Any number, infinite ones and NaN included. What is no number is passed over. */
    set(value: number): void;
}

/** Counts values by size. Its slots: one for each bucket, not cumulative, then the sum of the values. */
export interface Histogram {
    readonly region: Region;
    readonly slot: number;
    readonly sum_slot: number;
    readonly buckets: Buckets;
    /** Counts one value. What is not a finite number is passed over. */
    observe(value: number): void;
}

function inc(this: Counter, by = 1): void {
    if (type(by) === "number" && by >= 0 && by < math.huge) {
        const mine = this.region.mine;
        mine.set(this.slot, mine.get(this.slot) + by);
    }
}

function set(this: Gauge, value: number): void {
    if (type(value) === "number") this.region.common.set(this.slot, value);
}

function observe(this: Histogram, value: number): void {
    if (type(value) !== "number" || !(math.abs(value) < math.huge)) return;
    const mine = this.region.mine;
    const bucket = this.slot + find(this.buckets, value);
    const sum = this.sum_slot;
    mine.set(bucket, mine.get(bucket) + 1);
    mine.set(sum, mine.get(sum) + value);
}

const counter_metatable = { __index: { inc } };
const gauge_metatable = { __index: { set } };
const histogram_metatable = { __index: { observe } };

/** A counter on one slot. */
export function counter(region: Region, slot: number): Counter {
    return setmetatable({ region, slot }, counter_metatable) as unknown as Counter;
}

/** A gauge on one slot of the common block. */
export function gauge(region: Region, slot: number): Gauge {
    return setmetatable({ region, slot }, gauge_metatable) as unknown as Gauge;
}

/** A histogram on as many adjoining slots as there are bounds, and two. */
export function histogram(region: Region, slot: number, buckets: Buckets): Histogram {
    const sum_slot = slot + buckets.last_bucket + 1;
    return setmetatable({ region, slot, sum_slot, buckets }, histogram_metatable) as unknown as Histogram;
}
