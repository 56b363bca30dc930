/**
 * Says in the error log when requests of a class begin to be refused, and when that has ended: once for all workers, and at most once a
 * minute for each class. The time is an argument.
 */
import * as shared_memory from "../../core/memory/shared_memory";
import type { Capacity } from "./capacity";
import * as capacities from "./capacity";
import type { Result } from "./figures";
import type { Class, Places } from "./places";
import * as places_of from "./places";

export interface Refusals {
    readonly upstream: string;
    readonly places: Places;
    readonly capacity: Capacity;
    /** In the common block, by class: see `BEGAN` and `LAST`. */
    readonly records: LuaTable<Class, Doubles>;
}

/** When the refusals began, 0 while there are none; and when the last one was. */
const BEGAN = 0;
const LAST = 1;
const SLOTS = 2;
/** The refusals have ended when there was none for so long. */
const QUIET_SECONDS = 60;

/** The refusals of a room. Raises if there is no shared memory. Phases: init. */
function create(upstream: string, places: Places, capacity: Capacity): Refusals {
    const { region } = places;
    const records = new LuaTable<Class, Doubles>();
    for (const its_class of places.classes) {
        const [slot, err] = shared_memory.slot(region, `queue ${upstream} refused ${its_class.name}`, SLOTS);
        if (slot === undefined) error(`no shared memory: ${err}`, 0);
        records.set(its_class, pointer_add(region.common, slot));
    }
    return { upstream, places, capacity, records };
}
export { create as new };

function log_begin(refusals: Refusals, its_class: Class, result: Result): void {
    const { upstream, places, capacity } = refusals;
    const waiting = string.format("%d of %d requests wait", places_of.waiting_of(places, its_class), its_class.size);
    const taken = string.format("%d of %d places are taken", places_of.taken(places), capacities.limit(capacity));
    const who = string.format('upstream "%s": requests of class "%s"', upstream, its_class.name);
    // With this reason few may wait at the moment.
    const why =
        result === "timeout"
            ? string.format("one got no place within %.14g s, or not before its deadline; ", its_class.wait_seconds)
            : "";
    ngx.log(ngx.WARN, "balancer: ", who, " are refused now (", result, "): ", why, waiting, ", ", taken);
}

/** Notes that a request of the class is refused. Phases: access. */
export function note(refusals: Refusals, its_class: Class, result: Result, now: MonotonicTime): void {
    const record = refusals.records.get(its_class);
    const is_known = record.get(BEGAN) > 0 && now - record.get(LAST) <= QUIET_SECONDS;
    record.set(LAST, now);
    if (is_known) return;
    record.set(BEGAN, now);
    log_begin(refusals, its_class, result);
}

/** Looks whether the refusals of a class have ended. Phases: timer. */
export function tick(refusals: Refusals, now: MonotonicTime): void {
    for (const its_class of refusals.places.classes) {
        const record = refusals.records.get(its_class);
        const [began, last] = [record.get(BEGAN), record.get(LAST)];
        if (began > 0 && now - last > QUIET_SECONDS) {
            record.set(BEGAN, 0);
            const who = string.format('upstream "%s": requests of class "%s"', refusals.upstream, its_class.name);
            const how_long = string.format("they were for %.0f s", last - began);
            ngx.log(ngx.INFO, "balancer: ", who, " have not been refused for a minute; ", how_long);
        }
    }
}
