/**
 * How many conversions of a route run at a time on the machine, and who is next. A place is a lock, so there are never more, whatever two
 * workers do at the same moment, and the places of a dead worker are free as soon as somebody wants one. Requests wait in the worker they
 * are in; of all workers the one whose first request came earliest takes the next place.
 */
import type { Semaphore } from "ngx.semaphore";
import * as semaphores from "ngx.semaphore";
import type { Lock } from "../core/memory/lock";
import * as locks from "../core/memory/lock";
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import type { Faults } from "../core/metrics/fault";
import type { Line, Waiter as InLine } from "../core/process/line";
import * as lines from "../core/process/line";
import type { Lookout } from "../core/process/lookout";
import * as lookouts from "../core/process/lookout";
import * as client_watch from "../core/request/client_watch";
import type { RequestState } from "../core/request/request_state";
import * as request_state from "../core/request/request_state";
import * as clock from "../core/time/clock";

export type Place = Lock;

interface Waiter extends InLine {
    readonly places: Places;
    readonly semaphore: Semaphore;
    place: Place | undefined;
}

declare module "../core/request/request_state" {
    interface RequestState {
        /** As what it waits for a conversion. */
        image_waiter?: Waiter | undefined;
    }
}

export interface Places {
    readonly route: string;
    readonly region: Region;
    readonly all: readonly Place[];
    readonly line: Line;
    /** How many may wait, in all workers. */
    readonly most_waiting: number;
    /** In each worker's block: how many wait, and since when the first one does (0 if none waits). */
    readonly waiting_slot: number;
    readonly since_slot: number;
    /** When this worker last left a free place to another one. */
    left_at: MonotonicTime | undefined;
    readonly lookout: Lookout;
    readonly faults: Faults;
}

/** What became of a request that wants a place. */
export type Entry = LuaMultiReturn<[place: Place] | [place: undefined, reason: "full" | "timeout"]>;

/** A conversion never takes so long; the place of a dead process is free at once. */
const HOLD_SECONDS = 3600;
const LOOK_SECONDS = 0.005;
/** A request of this worker may go before one of another worker that came so much earlier. */
const SLACK_SECONDS = 0.05;
/** For so long a free place is left to a worker whose request came earlier. */
const PATIENCE_SECONDS = 0.02;

function transient_slot(region: Region, name: string): number {
    const [slot, err] = shared_memory.transient_slot(region, name);
    if (slot === undefined) error(`no shared memory: ${err}`, 0);
    return slot;
}

function free_place(places: Places): Place | undefined {
    for (const place of places.all) {
        const [is_held, err] = locks.try_lock(place);
        if (is_held) return place;
        // Nobody can take a place then.
        if (err !== undefined) places.faults.report("dict", "cannot note that a conversion runs: ", err);
    }
    return undefined;
}

/** Shows the other workers what waits here. */
function publish({ region, line, waiting_slot, since_slot }: Places): void {
    region.mine.set(waiting_slot, line.length);
    region.mine.set(since_slot, line.first?.since ?? 0);
}

/** Whether no request of another worker has waited for longer, or that worker does not take the place. */
function is_next(places: Places, first: InLine, now: MonotonicTime): boolean {
    const earliest = shared_memory.least(places.region, places.since_slot);
    if (first.since <= earliest + SLACK_SECONDS) return true;
    places.left_at ??= now;
    return now - places.left_at > PATIENCE_SECONDS;
}

function take_out(places: Places, waiter: Waiter): void {
    lines.leave(places.line, waiter);
    publish(places);
}

/** Gives free places to requests of this worker whose turn it is. */
function admit(places: Places, now: MonotonicTime): void {
    const { line } = places;
    while (line.first !== undefined && is_next(places, line.first, now)) {
        const place = free_place(places);
        if (place === undefined) return;
        places.left_at = undefined;
        const waiter = line.first as Waiter;
        take_out(places, waiter);
        waiter.place = place;
        waiter.has_place = true;
        waiter.semaphore.post(1);
    }
}

/** How many requests wait, in all workers. Phases: any. */
export function waiting({ region, waiting_slot }: Places): number {
    const count = shared_memory.total(region, waiting_slot);
    return count;
}

/** How many conversions run, in all workers. Phases: any. */
export function taken(places: Places): number {
    let count = 0;
    for (const place of places.all) if (locks.holder(place) !== undefined) count += 1;
    return count;
}

/** Gives the place to the next one. Phases: access, timer. */
export function give_back(places: Places, place: Place): void {
    locks.unlock(place);
    admit(places, clock.now());
}

/** Takes the request out of the line; gives a place back that it was given and did not take. */
function leave(this: void, state: RequestState): void {
    const waiter = state.image_waiter;
    if (waiter === undefined) return;
    state.image_waiter = undefined;
    const { places, place } = waiter;
    if (place !== undefined) give_back(places, place);
    else take_out(places, waiter);
}

function wait(places: Places, seconds: number): Entry {
    if (waiting(places) >= places.most_waiting) return $multi(undefined, "full");
    const [semaphore] = semaphores.new(0);
    // No memory for it.
    if (semaphore === undefined) return $multi(undefined, "full");
    const now = clock.now();
    const waiter: Waiter = {
        since: now,
        before: undefined,
        after: undefined,
        has_place: false,
        places,
        semaphore,
        place: undefined,
    };
    const state = request_state.open();
    state.image_waiter = waiter;
    // Its client may leave.
    state.is_unfinished = true;
    lines.join(places.line, waiter);
    publish(places);
    // Another worker may have let one in at the same moment.
    if (waiting(places) > places.most_waiting) {
        leave(state);
        return $multi(undefined, "full");
    }
    lookouts.keep(places.lookout, now, places.faults, places.route);
    client_watch.end_if_gone(state);
    semaphore.wait(seconds);
    const { place } = waiter;
    state.image_waiter = undefined;
    if (place !== undefined) return $multi(place);
    take_out(places, waiter);
    return $multi(undefined, "timeout");
}

/** A place, after a wait of at most so many seconds if there is none; or why there is none. Phases: access; yields. */
export function enter(places: Places, seconds: number): Entry {
    if (places.line.length === 0 && waiting(places) === 0) {
        const place = free_place(places);
        if (place !== undefined) return $multi(place);
    }
    return wait(places, seconds);
}

/** The places of a route. Raises if there is no shared memory. Phases: init. */
function create(region: Region, route: string, count: number, most_waiting: number, faults: Faults): Places {
    const all: Place[] = [];
    for (const number of $range(1, count)) {
        all.push(locks.new(region.names, `image ${route} place ${number}`, HOLD_SECONDS));
    }
    const places: Places = {
        route,
        region,
        all,
        line: lines.new(),
        most_waiting,
        waiting_slot: transient_slot(region, `image ${route} waiting`),
        since_slot: transient_slot(region, `image ${route} since`),
        left_at: undefined,
        lookout: lookouts.new("route", LOOK_SECONDS, (now) => {
            admit(places, now);
            return places.line.length > 0;
        }),
        faults,
    };
    return places;
}
export { create as new };

request_state.when_forgotten(leave);
request_state.when_lost(leave);
