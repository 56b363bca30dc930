/**
 * Drops idle series: those that no worker has changed for long. Frees their slots. One of all workers does this, in slices of a
 * millisecond.
 */
import type { Leader } from "../../memory/leader";
import * as leader from "../../memory/leader";
import * as held_rows from "../../memory/shared_memory/held_rows";
import { HIGHEST_BLOCK } from "../../memory/shared_memory/lease";
import type { Rows } from "../../memory/shared_memory/rows";
import * as rows from "../../memory/shared_memory/rows";
import * as clock from "../../time/clock";
import * as time_slice from "../../time/time_slice";
import type { Family, Registry } from "./model";
import * as outside_values from "./outside_values";
import * as room from "./room";
import { own_name } from "./series";

/** A leader may go on for two thirds of this time before it has to renew its lease: longer than any slice is delayed. */
const LEASE_SECONDS = 15;
/** A series is checked so many times before it is dropped, and once a minute at least. */
const SWEEPS = 10;
const MOST_SECONDS_BETWEEN_SWEEPS = 60;
/** How often held rows are checked. */
const SECONDS_BETWEEN_HELD_SWEEPS = 2;
/** Numbers read, and rows dropped or freed, without a pause: about a millisecond. */
const READS_AT_ONCE = 100_000;
const ROWS_AT_ONCE = 50;

/** Notes which rows have changed since the last sweep. Returns the first that is due to be dropped or freed, or `limit`. */
function next_due(
    all: Rows,
    from: number,
    limit: number,
    now: MonotonicTime,
    idle: number,
    configuration: number,
): number {
    const { generations, touched, seen, pins } = all;
    for (const slot of $range(from, limit - 1)) {
        const generation = generations.get(slot);
        if (generation !== 0) {
            const since = touched.get(slot) as MonotonicTime;
            if (!rows.in_use(generation)) {
                if (since !== 0 && now - since >= rows.REST_SECONDS) return slot;
            } else if (pins.get(slot) >= configuration) {
                touched.set(slot, now);
            } else {
                const activity = rows.activity(all, slot);
                if (activity !== seen.get(slot) || since > now) {
                    seen.set(slot, activity);
                    touched.set(slot, now);
                } else if (now - since >= idle) {
                    return slot;
                }
            }
        }
    }
    return limit;
}

/** Removes a dropped series from the counts of its family. */
function leave(registry: Registry, row_name: string | undefined, is_dropped: boolean): void {
    if (row_name === undefined) return;
    const [name] = string.match(row_name, "^%l+ ([%w_:]+)");
    if (name === undefined) return;
    registry.region.names.incr(`series:${name}`, -1);
    room.give_back(registry, room.bytes_of(row_name));
    const family = registry.families.get(name);
    if (family !== undefined) outside_values.dropped(family, row_name);
    // Counting its own series would create it again.
    if (is_dropped && name !== registry.expired!.name) registry.expired!.labels(name).inc();
}

function settle(registry: Registry, slot: number, now: MonotonicTime): void {
    const region = registry.region;
    if (rows.in_use(region.generations.get(slot))) leave(registry, rows.drop(region, slot, now), true);
    else leave(registry, rows.recycle(region, slot, now), false);
}

/**
 * Checks all series once. Calls `pause` about once a millisecond; stops where that returns false. Phases: any in which `pause` may be
 * called.
 */
export function sweep(registry: Registry, now: MonotonicTime, pause: (this: void) => boolean): void {
    const region = registry.region;
    const idle = registry.idle_seconds === 0 ? math.huge : registry.idle_seconds;
    const limit = rows.limit(region);
    const slots_at_once = math.ceil(READS_AT_ONCE / (region.base.get(HIGHEST_BLOCK) + 4));
    let from = rows.FIRST_SLOT;
    while (from < limit) {
        const stop = math.min(from + slots_at_once, limit);
        let settled = 0;
        while (from < stop && settled < ROWS_AT_ONCE) {
            const due = next_due(region, from, stop, now, idle, region.configuration);
            if (due < stop) settle(registry, due, now);
            settled += 1;
            from = due + 1;
        }
        from = math.min(from, stop);
        if (!pause()) return;
    }
}

/** Drops the series with these label values at once, unless other label values share it. */
export function forget(family: Family<unknown>, values: string[]): void {
    const name = own_name(family, values);
    if (name === undefined) return;
    const registry = family.registry;
    const region = registry.region;
    const [slot] = rows.find(region, name);
    if (slot === undefined || slot === rows.LOST_SLOT) return;
    region.seen.set(slot, rows.activity(region, slot));
    leave(registry, rows.drop(region, slot, clock.now()), false);
}

/** Frees the held rows without holders. Else as `sweep`. */
export function sweep_held(registry: Registry, now: MonotonicTime, pause: (this: void) => boolean): void {
    const dropped = (name: string): void => {
        for (const listener of registry.row_dropped) listener(name);
    };
    held_rows.sweep(registry.region, now, dropped, pause);
}

function pass_and_lead(candidate: Leader): boolean {
    time_slice.yield_now();
    return candidate.leads()[0];
}

/** Logs at the start that the dict, or the limit of series in it, is too small for the configuration. */
function report_small_dict(registry: Registry): void {
    const advice = room.advice(registry);
    const limit = room.low_limit(registry);
    if ((advice ?? limit) === undefined || !room.is_first_to_report(registry)) return;
    if (advice !== undefined) {
        ngx.log(ngx.ERR, "metric_registry: ", advice, "; until then some series count as _other, or are lost");
    }
    if (limit !== undefined) ngx.log(ngx.ERR, "metric_registry: ", limit, "; they count as _other");
}

function try_to(work: typeof sweep, registry: Registry, now: MonotonicTime, pause: (this: void) => boolean): void {
    const [ok, err] = pcall(work, registry, now, pause);
    if (!ok) ngx.log(ngx.ERR, "metric_registry: cannot drop idle series: ", err);
}

/**
 * Checks held rows every two seconds, and all series regularly, in the worker that leads. Phases: init, where the registry is created.
 */
export function watch(registry: Registry): void {
    const region = registry.region;
    const candidate = leader.new(region.names, "series", LEASE_SECONDS);
    const pause = (): boolean => pass_and_lead(candidate);
    let is_sweeping = false;
    let next_sweep = 0 as MonotonicTime;
    let has_reported = false;
    let next_held_sweep = 0 as MonotonicTime;
    region.duties.push(() => {
        if (!has_reported) {
            has_reported = true;
            report_small_dict(registry);
        }
        if (is_sweeping || !candidate.leads()[0]) return;
        is_sweeping = true;
        const now = clock.now();
        if (now >= next_held_sweep) {
            try_to(sweep_held, registry, now, pause);
            next_held_sweep = later(now, SECONDS_BETWEEN_HELD_SWEEPS);
        }
        if (now >= next_sweep && candidate.leads()[0]) {
            try_to(sweep, registry, now, pause);
            const wanted = registry.idle_seconds === 0 ? math.huge : registry.idle_seconds / SWEEPS;
            next_sweep = later(now, math.min(wanted, MOST_SECONDS_BETWEEN_SWEEPS));
        }
        is_sweeping = false;
    });
}
