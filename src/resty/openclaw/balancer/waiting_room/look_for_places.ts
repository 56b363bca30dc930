/**
 * Gives places to requests that wait in this worker. A place that this worker frees goes to one of them at once. For those that other
 * workers free, one light thread looks every few milliseconds, as long as requests wait here; nginx cannot wake another worker's Lua code.
 */
import type { Faults } from "../../core/metrics/fault";
import * as guard from "../../core/metrics/guard";
import * as clock from "../../core/time/clock";
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
/** The thread is replaced after so many looks, as its memory is freed only when it ends. */
const LOOKS_OF_A_THREAD = 1000;
/** The thread has ended without a word if it has not looked for so long: nginx has had no connection or timer left for it. */
const LOST_SECONDS = 0.5;

/** The rooms in which requests wait in this worker. */
const rooms_to_look_at: Room[] = [];
let is_looking = false;
/** When the thread last looked, or was last begun. */
let looked_at = clock.now();

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
function look(now: MonotonicTime): boolean {
    for (const place of $range(rooms_to_look_at.length, 1, -1)) {
        const room = rooms_to_look_at[place - 1]!;
        departures_of.measure(room.departures, now);
        admit(room, now);
        if (!has_waiting(room)) table.remove(rooms_to_look_at, place);
    }
    return rooms_to_look_at.length > 0;
}

type Look = (this: void, premature: boolean, room: Room) => void;

function start(work: Look, room: Room): void {
    // Also in a worker that exits, whose requests wait on.
    const [ok, err] = ngx.timer.at(0, work, room);
    is_looking = ok !== undefined && ok !== false;
    looked_at = clock.now();
    if (!is_looking) room.faults.report("timer", 'upstream "', room.upstream, '": ', err);
}

/** Looks again and again, as long as requests wait. */
function look_on(this: void, _premature: boolean, room: Room): void {
    for (const _ of $range(1, LOOKS_OF_A_THREAD)) {
        ngx.sleep(LOOK_SECONDS);
        looked_at = clock.now();
        const [ok, goes_on] = guard.call_for(room.faults, "look", room.upstream, look, looked_at);
        if (ok && goes_on === false) {
            is_looking = false;
            return;
        }
    }
    start(look_on, room);
}

/** Begins to look, unless a thread does already. One that was lost is replaced. */
function keep_looking(room: Room, now: MonotonicTime): void {
    const is_lost = is_looking && now - looked_at > LOST_SECONDS;
    if (is_lost)
        room.faults.report("timer", 'upstream "', room.upstream, '": the thread that looks for places was lost');
    if (is_lost || !is_looking) start(look_on, room);
}

function is_known(room: Room): boolean {
    for (const known of rooms_to_look_at) if (known === room) return true;
    return false;
}

/** Has the worker look for places, as a request has begun to wait. Phases: access. */
export function look_at(room: Room, now: MonotonicTime): void {
    if (!is_known(room)) rooms_to_look_at.push(room);
    keep_looking(room, now);
}

/** Sees to it that the worker still looks, if requests wait. Phases: timer; to be called ten times a second. */
export function tick(room: Room, now: MonotonicTime): void {
    if (!has_waiting(room)) return;
    keep_looking(room, now);
    admit(room, now);
}
