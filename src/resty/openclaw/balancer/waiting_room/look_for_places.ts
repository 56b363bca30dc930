/**
 * Gives places to requests that wait in this worker. A place that this worker frees goes to one of them at once. For those that other
 * workers free, one light thread looks every few milliseconds, as long as requests wait here.
 */
import type { Faults } from "../../core/metrics/fault";
import type { Lookout } from "../../core/process/lookout";
import * as lookouts from "../../core/process/lookout";
import type { Capacity } from "./capacity";
import * as capacities from "./capacity";
import type { Departures } from "./departures";
import * as departures_of from "./departures";
import type { Places } from "./places";
import * as places_of from "./places";

/** What is looked at of a waiting room. */
export interface Room {
    readonly upstream: string;
    readonly places: Places;
    readonly capacity: Capacity;
    readonly departures: Departures;
    readonly faults: Faults;
}

/** How often a worker in which requests wait looks for places of other workers. */
const LOOK_SECONDS = 0.01;

/** The rooms in which requests wait in this worker. */
const rooms_to_look_at: Room[] = [];

function has_waiting({ places }: Room): boolean {
    const { region, waiting_slot } = places;
    return region.mine.get(waiting_slot) > 0;
}

/** Gives free places to requests that wait in this worker, as far as it is their turn. Phases: any. */
export function admit(room: Room, now: MonotonicTime): void {
    if (!has_waiting(room)) return;
    const { places, capacity, departures } = room;
    places_of.admit(places, capacities.limit(capacity), departures_of.per_second(departures), now);
}

/** Looks at each room once; returns whether requests still wait in any. */
function look(this: void, now: MonotonicTime): boolean {
    for (const place of $range(rooms_to_look_at.length, 1, -1)) {
        const room = rooms_to_look_at[place - 1]!;
        departures_of.measure(room.departures, now);
        admit(room, now);
        if (!has_waiting(room)) table.remove(rooms_to_look_at, place);
    }
    return rooms_to_look_at.length > 0;
}

const lookout: Lookout = lookouts.new("upstream", LOOK_SECONDS, look);

function is_known(room: Room): boolean {
    for (const known of rooms_to_look_at) if (known === room) return true;
    return false;
}

/** Has the worker look for places, as a request has begun to wait. Phases: access. */
export function look_at(room: Room, now: MonotonicTime): void {
    if (!is_known(room)) rooms_to_look_at.push(room);
    lookouts.keep(lookout, now, room.faults, room.upstream);
}

/** Sees to it that the worker still looks, if requests wait. Phases: timer; to be called ten times a second. */
export function tick(room: Room, now: MonotonicTime): void {
    if (!has_waiting(room)) return;
    lookouts.keep(lookout, now, room.faults, room.upstream);
    admit(room, now);
}
