/**
 * How fast requests leave, measured by each worker from the counts of all of them, and how long a request will wait. The time is an
 * argument.
 */
import * as shared_memory from "../../core/memory/shared_memory";
import type { Class, Places } from "./places";
import * as places_of from "./places";

/** A count that grows, and how fast, per second. */
interface Rate {
    count: number;
    per_second: number;
}

export interface Departures {
    readonly places: Places;
    readonly all: Rate;
    /** Of requests that got a place, by class. */
    readonly by_class: LuaTable<string, Rate>;
    measured_at: MonotonicTime | undefined;
    readonly sum_of_weights: number;
}

/** The counts are read at intervals of at least this. */
const INTERVAL_SECONDS = 0.2;
/** The time constant of the means. */
const FADING_SECONDS = 5;
/** A rate that was measured longer ago than this says nothing. */
const STALE_SECONDS = 15;

/** Nothing measured. Phases: init. */
function create(places: Places): Departures {
    const by_class = new LuaTable<string, Rate>();
    let sum_of_weights = 0;
    for (const { name, weight } of places.classes) {
        by_class.set(name, { count: 0, per_second: 0 });
        sum_of_weights += weight;
    }
    return { places, all: { count: 0, per_second: 0 }, by_class, measured_at: undefined, sum_of_weights };
}
export { create as new };

/** Adds what came in so many seconds. `share`: how much of the mean is new. */
function update(rate: Rate, count: number, seconds: number, share: number): void {
    // The counts of all workers are read one after another, and may seem to fall.
    const fresh = math.max(0, count - rate.count) / seconds;
    rate.per_second += share * (fresh - rate.per_second);
    rate.count = count;
}

/** Measures, if that was last done a while ago. Phases: any. */
export function measure(departures: Departures, now: MonotonicTime): void {
    const { places, all, by_class, measured_at } = departures;
    const seconds = measured_at === undefined ? math.huge : now - measured_at;
    if (seconds < INTERVAL_SECONDS) return;
    departures.measured_at = now;
    const { region } = places;
    const is_first = seconds > STALE_SECONDS;
    // The first measurement only notes the counts.
    const share = is_first ? 0 : 1 - math.exp(-seconds / FADING_SECONDS);
    if (is_first) all.per_second = 0;
    update(all, shared_memory.total(region, places.departed_slot), seconds, share);
    for (const { name, admitted_slot } of places.classes) {
        const rate = by_class.get(name);
        if (is_first) rate.per_second = 0;
        update(rate, shared_memory.total(region, admitted_slot), seconds, share);
    }
}

/** How many places become free per second. Phases: any. */
export function per_second({ all }: Departures): number {
    return all.per_second;
}

/**
 * Seconds that a request will wait if it joins those of its class now: by how fast these went on lately, or would if requests of
 * all classes waited. Nothing if no request has left lately. Phases: any.
 */
export function expected_wait(departures: Departures, its_class: Class): number | undefined {
    const { places, all, by_class, sum_of_weights } = departures;
    const lately = by_class.get(its_class.name).per_second;
    const share = (all.per_second * its_class.weight) / sum_of_weights;
    const rate = math.max(lately, share);
    if (rate <= 0) return undefined;
    return (places_of.waiting_of(places, its_class) + 1) / rate;
}
