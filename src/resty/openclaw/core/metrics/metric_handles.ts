/**
 * What counts: counters, gauges and histograms, each bound to its slots in shared memory. Bind once and keep; using a
 * handle is a search among the bounds at most, and a plain add, without any garbage. Phases of all of it: any.
 *
 * The slots may go to another series when nobody has counted for long. So a handle looks at its slot's generation first
 * (see `shared_memory/rows`) and where that has changed, asks its owner for slots anew.
 */
import { find } from "./metric_handles/buckets";
import type { Buckets } from "./metric_handles/buckets";
import type { Region } from "../memory/shared_memory";

/** Who made a handle. */
export interface Owner {
    /** Gives a handle the slot and the generation that it is to use from now on. */
    rebind(handle: Handle): void;
    /** Is told of a value that a handle passes over. */
    misuse(what: string, value: unknown): void;
}

export interface Handle {
    readonly region: Region;
    slot: number;
    generation: number;
    /** What the owner finds the slots by. */
    readonly name: string;
    readonly owner: Owner | undefined;
}

/** Only ever grows. */
export interface Counter extends Handle {
    /** Adds `by` (1). What is not a finite number from 0 up is passed over, as misuse. */
    inc(by?: number): void;
}

/** Holds the value that was set last, by whichever worker. */
export interface Gauge extends Handle {
    /** Any number, infinite ones and NaN included. What is no number is passed over, as misuse. */
    set(value: number): void;
}

/** Counts values by size. Its slots: one for each bucket, not cumulative, then the sum of the values. */
export interface Histogram extends Handle {
    readonly buckets: Buckets;
    /** Counts one value. What is not a finite number is passed over, as misuse. */
    observe(value: number): void;
}

function rebind(handle: Handle): void {
    if (handle.owner !== undefined) handle.owner.rebind(handle);
}

function misuse(handle: Handle, what: string, value: unknown): void {
    if (handle.owner !== undefined) handle.owner.misuse(what, value);
}

function inc(this: Counter, by = 1): void {
    if (type(by) === "number" && by >= 0 && by < math.huge) {
        const region = this.region;
        if (region.generations.get(this.slot) !== this.generation) rebind(this);
        const slot = this.slot;
        const mine = region.mine;
        mine.set(slot, mine.get(slot) + by);
    } else {
        misuse(this, "cannot grow by", by);
    }
}

function set(this: Gauge, value: number): void {
    if (type(value) === "number") {
        const region = this.region;
        if (region.generations.get(this.slot) !== this.generation) rebind(this);
        const slot = this.slot;
        // How often it was set, by which others see that it is in use. In init this is the common block: add first.
        const mine = region.mine;
        mine.set(slot, mine.get(slot) + 1);
        region.common.set(slot, value);
    } else {
        misuse(this, "cannot be set to", value);
    }
}

function observe(this: Histogram, value: number): void {
    if (type(value) === "number" && math.abs(value) < math.huge) {
        const region = this.region;
        if (region.generations.get(this.slot) !== this.generation) rebind(this);
        const mine = region.mine;
        const bucket = this.slot + find(this.buckets, value);
        const sum = this.slot + this.buckets.last_bucket + 1;
        mine.set(bucket, mine.get(bucket) + 1);
        mine.set(sum, mine.get(sum) + value);
    } else {
        misuse(this, "cannot count", value);
    }
}

const counter_metatable = { __index: { inc } };
const gauge_metatable = { __index: { set } };
const histogram_metatable = { __index: { observe } };

/**
 * A counter on one slot.
 * @param generation the slot's when it was found (now)
 * @param owner without one the slot is the handle's for good
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
