/**
 * Handles: counters, gauges and histograms, each bound to its slots in shared memory. Bind once and keep: using a handle costs a plain add,
 * for histograms also a search among the bounds, and no garbage. Phases of all of it: any.
 *
 * The slots of an idle series may go to another one. So a handle first checks the generation of its slot (see `shared_memory/rows`), and
 * if that has changed, asks its owner for new slots.
 */
import type { Region } from "../memory/shared_memory";
import * as shared_memory from "../memory/shared_memory";
import type { Buckets } from "./metric_handles/buckets";
import { find } from "./metric_handles/buckets";

/** The family that has made a handle. */
export interface Owner {
    /** Gives a handle its new slot and generation. */
    rebind(handle: Handle): void;
    /** Called for a value that a handle ignores. */
    misuse(what: string, value: unknown): void;
}

export interface Handle {
    readonly region: Region;
    slot: number;
    generation: number;
    /** The name of the row, by which the owner finds the slots. */
    readonly name: string;
    readonly owner: Owner | undefined;
}

/** A number that only grows. */
export interface Counter extends Handle {
    /** Adds `by` (1). Anything but a finite number from 0 up is ignored as misuse. */
    inc(by?: number): void;
}

/** The value that was set last by any worker. */
export interface Gauge extends Handle {
    /** Sets any number, including infinity and NaN. Anything else is ignored as misuse. */
    set(value: number): void;
}

/** Counts values by size. Its slots: one for each bucket, not cumulative, then the sum of the values. */
export interface Histogram extends Handle {
    readonly buckets: Buckets;
    /** Counts one value. Anything but a finite number is ignored as misuse. */
    observe(value: number): void;
}

function rebind(handle: Handle): void {
    if (handle.owner !== undefined) handle.owner.rebind(handle);
}

function misuse(handle: Handle, what: string, value: unknown): void {
    if (handle.owner !== undefined) handle.owner.misuse(what, value);
}

/** The method `inc` of a counter, as a function: without the look-up of a method, for what counts at each request. */
export function add(counter: Counter, by = 1): void {
    if (type(by) === "number" && by >= 0 && by < math.huge) {
        const region = counter.region;
        if (region.generations.get(counter.slot) !== counter.generation) rebind(counter);
        const slot = counter.slot;
        const mine = region.mine;
        mine.set(slot, mine.get(slot) + by);
    } else {
        misuse(counter, "cannot grow by", by);
    }
}

/** What all workers have counted so far. */
export function total(counter: Counter): number {
    const { region } = counter;
    if (region.generations.get(counter.slot) !== counter.generation) rebind(counter);
    return shared_memory.total(region, counter.slot);
}

function set(this: Gauge, value: number): void {
    if (type(value) === "number") {
        const region = this.region;
        if (region.generations.get(this.slot) !== this.generation) rebind(this);
        const slot = this.slot;
        // Counts the calls, which shows that the series is in use. In init this is the common block: add first.
        const mine = region.mine;
        mine.set(slot, mine.get(slot) + 1);
        region.common.set(slot, value);
    } else {
        misuse(this, "cannot be set to", value);
    }
}

/** The method `observe` of a histogram, as a function. */
export function observe(histogram: Histogram, value: number): void {
    if (type(value) === "number" && math.abs(value) < math.huge) {
        const region = histogram.region;
        if (region.generations.get(histogram.slot) !== histogram.generation) rebind(histogram);
        const mine = region.mine;
        const bucket = histogram.slot + find(histogram.buckets, value);
        const sum = histogram.slot + histogram.buckets.last_bucket + 1;
        mine.set(bucket, mine.get(bucket) + 1);
        mine.set(sum, mine.get(sum) + value);
    } else {
        misuse(histogram, "cannot count", value);
    }
}

function inc_method(this: Counter, by?: number): void {
    add(this, by);
}

function observe_method(this: Histogram, value: number): void {
    observe(this, value);
}

const counter_metatable = { __index: { inc: inc_method } };
const gauge_metatable = { __index: { set } };
const histogram_metatable = { __index: { observe: observe_method } };

/**
 * A counter on one slot.
 * @param generation that of the slot when it was found (now)
 * @param owner without one the handle keeps its slot for good
 */
export function counter(
    region: Region,
    slot: number,
    generation = region.generations.get(slot),
    name = "",
    owner?: Owner,
): Counter {
    return setmetatable({ region, slot, generation, name, owner }, counter_metatable);
}

/** A gauge on one slot of the common block. Else as `counter`. */
export function gauge(
    region: Region,
    slot: number,
    generation = region.generations.get(slot),
    name = "",
    owner?: Owner,
): Gauge {
    return setmetatable({ region, slot, generation, name, owner }, gauge_metatable);
}

/** A histogram on as many adjoining slots as there are bounds, and two. Else as `counter`. */
export function histogram(
    region: Region,
    slot: number,
    buckets: Buckets,
    generation = region.generations.get(slot),
    name = "",
    owner?: Owner,
): Histogram {
    const fields = { region, slot, generation, name, owner, buckets };
    return setmetatable(fields, histogram_metatable);
}
