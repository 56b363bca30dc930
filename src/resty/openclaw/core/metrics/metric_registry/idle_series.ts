/**
 * Drops the series in which nobody has counted for long, whichever workers came and went meanwhile, and frees their
 * slots. Of all workers one does it, in slices of a millisecond.
 */
import * as leader from "../../memory/leader";
import type { Leader } from "../../memory/leader";
import type { Family, Registry } from "./model";
import * as clock from "../../time/clock";
import { HIGHEST_BLOCK } from "../../memory/shared_memory/lease";
import * as held_rows from "../../memory/shared_memory/held_rows";
import * as outside_values from "./outside_values";
import * as room from "./room";
import * as rows from "../../memory/shared_memory/rows";
import type { Rows } from "../../memory/shared_memory/rows";
import * as time_slice from "../../time/time_slice";
import { own_name } from "./series";

/** Who leads may do so for two thirds of this time without asking again: longer than any slice is held up. */
const LEASE_SECONDS = 15;
/** A series is looked at so many times before it is dropped, but no less often than every minute. */
const LOOKS = 10;
const MOST_SECONDS_BETWEEN_LOOKS = 60;
/** What nobody holds any more waits for so long before anybody sees it. */
const SECONDS_BETWEEN_HELD_LOOKS = 2;
/** So many numbers are read without a pause, and so many rows are dropped or freed: about a millisecond. */
const READS_AT_ONCE = 100_000;
const ROWS_AT_ONCE = 50;

/** Notes which rows have changed since the last look; the first that is to be dropped or freed, or `limit`. */
function next_due(all: Rows, from: number, limit: number, now: number, idle: number, configuration: number): number {
    const { generations, touched, seen, pins } = all;
    for (const slot of $range(from, limit - 1)) {
        const generation = generations.get(slot);
        if (generation !== 0) {
            const since = touched.get(slot);
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

/** Gives up the place that a series had in its family. */
function leave(registry: Registry, row_name: string | undefined, is_dropped: boolean): void {
    if (row_name === undefined) return;
    const [name] = string.match(row_name, "^%l+ ([%w_:]+)");
    if (name === undefined) return;
    registry.region.names.incr(`series:${name}`, -1);
    room.give_back(registry, room.bytes_of(row_name));
    const family = registry.families.get(name) as Family<unknown> | undefined;
    if (family !== undefined) outside_values.dropped(family, row_name);
    // Its own would come back at once.
    if (is_dropped && name !== registry.expired!.name) registry.expired!.labels(name).inc();
}

function settle(registry: Registry, slot: number, now: number): void {
    const region = registry.region;
    if (rows.in_use(region.generations.get(slot))) leave(registry, rows.drop(region, slot, now), true);
    else leave(registry, rows.recycle(region, slot, now), false);
}

/**
 * Looks at all series once. Calls `pause` about once a millisecond; stops where that returns false. Phases: any in which
 * `pause` may be called.
 * @param now in seconds, by a clock that nobody sets back
 */
export function look(registry: Registry, now: number, pause: (this: void) => boolean): void {
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

/** Drops the series with these label values at once, unless others count in it too. */
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

/** Frees the rows that nobody holds any more. Else as `look`. */
export function look_at_held(registry: Registry, now: number, pause: (this: void) => boolean): void {
    const tell = (name: string): void => {
        for (const told of registry.row_dropped) told(name);
    };
    held_rows.look(registry.region, now, tell, pause);
}

function pass_and_lead(candidate: Leader): boolean {
    time_slice.yield_now();
    return candidate.leads()[0];
}

/** Says at the start when the dict, or the limit on what series may take of it, is too small for what the configuration binds. */
function tell(registry: Registry): void {
    const advice = room.advice(registry);
    const limit = room.low_limit(registry);
    if ((advice ?? limit) === undefined || !room.is_first_to_tell(registry)) return;
    if (advice !== undefined) {
        ngx.log(ngx.ERR, "metric_registry: ", advice, "; until then some series count as _other, or are lost");
    }
    if (limit !== undefined) ngx.log(ngx.ERR, "metric_registry: ", limit, "; they count as _other");
}

function try_to(work: typeof look, registry: Registry, now: number, pause: (this: void) => boolean): void {
    const [ok, err] = pcall(work, registry, now, pause);
    if (!ok) ngx.log(ngx.ERR, "metric_registry: cannot look after what is idle: ", err);
}

/**
 * Looks at what workers hold every two seconds, and at all series from time to time, in each worker that may. Phases: init,
 * where the registry is made.
 */
export function watch(registry: Registry): void {
    const region = registry.region;
    const candidate = leader.new(region.names, "series", LEASE_SECONDS);
    const pause = (): boolean => pass_and_lead(candidate);
    let looks = false;
    let next_look = 0;
    let has_told = false;
    let next_held_look = 0;
    region.duties.push(() => {
        if (!has_told) {
            has_told = true;
            tell(registry);
        }
        if (looks || !candidate.leads()[0]) return;
        looks = true;
        const now = clock.now();
        if (now >= next_held_look) {
            try_to(look_at_held, registry, now, pause);
            next_held_look = now + SECONDS_BETWEEN_HELD_LOOKS;
        }
        if (now >= next_look && candidate.leads()[0]) {
            try_to(look, registry, now, pause);
            const wanted = registry.idle_seconds === 0 ? math.huge : registry.idle_seconds / LOOKS;
            next_look = now + math.min(wanted, MOST_SECONDS_BETWEEN_LOOKS);
        }
        looks = false;
    });
}
