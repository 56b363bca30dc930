/**
 * The places of an upstream and who gets the next one, in shared memory: for all workers, without a lock. The time is an argument.
 *
 * Each worker counts in its own block: the requests that it has under way, those that wait, and since when the first of each class
 * waits. So the counts of a dead worker fall away. Two workers that take the last place at the same moment both get one: there is at
 * most one request too many for each further worker.
 *
 * Turns follow weighted fair queueing (stride scheduling: Waldspurger, Weihl 1995): each class has a number that grows by 1 / weight with
 * each place that it gets, and the class with the least number is next. A class that nobody waits in begins at the present turn, so it
 * saves up nothing. The number of a class whose requests wait stays while those of the others grow, so its turn always comes.
 *
 * A worker that frees a place gives it to a request of its own at once, if none of another worker has a much better claim; else it leaves
 * the place to the other worker, which looks every few milliseconds.
 */
import type { Region } from "../../core/memory/shared_memory";
import * as shared_memory from "../../core/memory/shared_memory";
import { HIGHEST_BLOCK } from "../../core/memory/shared_memory/lease";
import * as mapping from "../../core/memory/shared_memory/mapping";
import type { Line, Waiter } from "../../core/process/line";
import * as lines from "../../core/process/line";
import type { ClassOptions } from "./settings";

/** The requests of one class. */
export interface Class extends ClassOptions {
    readonly line: Line;
    /** In each worker's block: how many wait, and since when the first one does (0 if none waits). */
    readonly waiting_slot: number;
    readonly since_slot: number;
    /** How many got a place, so far. */
    readonly admitted_slot: number;
    /** In the common block: its number in the order of turns. */
    readonly turn: Doubles;
}

export interface Places {
    readonly region: Region;
    readonly classes: readonly Class[];
    readonly by_name: LuaTable<string, Class>;
    /** In each worker's block: requests under way, and those that wait. */
    readonly taken_slot: number;
    readonly waiting_slot: number;
    /** In each worker's block: when it last looked for places. */
    readonly looked_slot: number;
    /** How many places were given back, so far. */
    readonly departed_slot: number;
    /** In the common block: the number of the class that was last served. */
    readonly turn: Doubles;
    /** Called for each request that gets a place. */
    readonly wake: (this: void, waiter: Waiter) => void;
}

/** Within a class a request of this worker may go before one of another worker that came so much earlier. */
const SLACK_SECONDS = 0.05;
/** For so long a request of another worker is not waited for, where places become free more often than that. */
const PATIENCE_SECONDS = 0.02;
/** A worker in which requests wait looks every few milliseconds. One that has not for so long is busy or dead, and not waited for. */
const HANG_SECONDS = 0.1;

/** What `find_next` has found. */
let next_class: Class | undefined;
let next_block = 0;
let next_since = 0;

function slot(region: Region, name: string): number {
    const [found, err] = shared_memory.slot(region, name);
    if (found === undefined) error(`no shared memory: ${err}`, 0);
    return found;
}

function transient_slot(region: Region, name: string): number {
    const [found, err] = shared_memory.transient_slot(region, name);
    if (found === undefined) error(`no shared memory: ${err}`, 0);
    return found;
}

function common(region: Region, name: string): Doubles {
    return pointer_add(region.common, slot(region, name));
}

function class_of(region: Region, prefix: string, options: ClassOptions): Class {
    const { name, weight, size, wait_seconds } = options;
    return {
        name,
        weight,
        size,
        wait_seconds,
        line: lines.new(),
        waiting_slot: transient_slot(region, `${prefix} waiting ${name}`),
        since_slot: transient_slot(region, `${prefix} since ${name}`),
        admitted_slot: slot(region, `${prefix} admitted ${name}`),
        turn: common(region, `${prefix} turn ${name}`),
    };
}

/** The places of an upstream. Raises if there is no shared memory. Phases: init. */
function create(
    region: Region,
    upstream: string,
    options: readonly ClassOptions[],
    wake: (this: void, waiter: Waiter) => void,
): Places {
    const prefix = `queue ${upstream}`;
    const classes: Class[] = [];
    const by_name = new LuaTable<string, Class>();
    for (const its_options of options) {
        const made = class_of(region, prefix, its_options);
        classes.push(made);
        by_name.set(made.name, made);
    }
    return {
        region,
        classes,
        by_name,
        taken_slot: transient_slot(region, `${prefix} taken`),
        waiting_slot: transient_slot(region, `${prefix} waiting`),
        looked_slot: transient_slot(region, `${prefix} looked`),
        departed_slot: slot(region, `${prefix} departed`),
        turn: common(region, `${prefix} turn`),
        wake,
    };
}
export { create as new };

/** Requests under way, of all workers. Phases: any. */
export function taken(places: Places): number {
    return shared_memory.total(places.region, places.taken_slot);
}

/** Requests that wait, of all workers. Phases: any. */
export function waiting(places: Places): number {
    return shared_memory.total(places.region, places.waiting_slot);
}

/** Those of one class. Phases: any. */
export function waiting_of(places: Places, its_class: Class): number {
    return shared_memory.total(places.region, its_class.waiting_slot);
}

/**
 * Whether a request may go on at once: a place is free, and nobody waits. A worker without a block of shared memory, whose counts
 * nobody sees, lets all go on. Phases: any but init.
 */
export function is_free(places: Places, limit: number): boolean {
    if (waiting(places) <= 0 && taken(places) < limit) return true;
    const { region } = places;
    return region.followed !== undefined;
}

/** Takes a place for a request of this class, whether one is free or not. Phases: any. */
export function take(places: Places, its_class: Class): void {
    const mine = places.region.mine;
    const { taken_slot } = places;
    const { admitted_slot } = its_class;
    mine.set(taken_slot, mine.get(taken_slot) + 1);
    mine.set(admitted_slot, mine.get(admitted_slot) + 1);
}

/** Gives a place back. Phases: any. */
export function give_back(places: Places): void {
    const mine = places.region.mine;
    const { taken_slot, departed_slot } = places;
    mine.set(taken_slot, mine.get(taken_slot) - 1);
    mine.set(departed_slot, mine.get(departed_slot) + 1);
}

/** Publishes what this worker has waiting of a class. */
function publish(places: Places, its_class: Class, change: number): void {
    const mine = places.region.mine;
    const { waiting_slot } = places;
    const { line } = its_class;
    mine.set(its_class.waiting_slot, line.length);
    mine.set(its_class.since_slot, line.first === undefined ? 0 : line.first.since);
    mine.set(waiting_slot, mine.get(waiting_slot) + change);
}

/** Adds a request to those of its class that wait. Phases: any. */
export function join(places: Places, its_class: Class, waiter: Waiter): void {
    if (waiting_of(places, its_class) <= 0) {
        its_class.turn.set(0, math.max(its_class.turn.get(0), places.turn.get(0)));
    }
    lines.join(its_class.line, waiter);
    places.region.mine.set(places.looked_slot, waiter.since);
    publish(places, its_class, 1);
}

/** Takes a request out that waits no longer. Phases: any. */
export function leave(places: Places, its_class: Class, waiter: Waiter): void {
    lines.leave(its_class.line, waiter);
    publish(places, its_class, -1);
}

/** Whether the worker of a block has stopped looking for places. */
function hangs(places: Places, block: number, now: MonotonicTime): boolean {
    const looked_at = places.region.base.get(block * mapping.SLOTS + places.looked_slot);
    return now - looked_at > HANG_SECONDS;
}

/** Whether the turn of a class comes before that of `next_class`. */
function is_before(its_class: Class): boolean {
    if (next_class === undefined) return true;
    const difference = its_class.turn.get(0) - next_class.turn.get(0);
    return difference < 0 || (difference === 0 && its_class.weight > next_class.weight);
}

/** Finds whose turn it is, among the requests of all workers that do not hang, or only of this worker. */
function find_next(places: Places, is_mine_only: boolean, now: MonotonicTime): void {
    const { base, block: mine } = places.region;
    const first = is_mine_only ? mine : 1;
    const last = is_mine_only ? mine : base.get(HIGHEST_BLOCK);
    next_class = undefined;
    for (const its_class of places.classes) {
        if (!is_before(its_class)) continue;
        let oldest = math.huge;
        let oldest_block = 0;
        for (const block of $range(first, last)) {
            const since = base.get(block * mapping.SLOTS + its_class.since_slot);
            if (since > 0 && since < oldest && (block === mine || !hangs(places, block, now))) {
                oldest = since;
                oldest_block = block;
            }
        }
        if (oldest_block !== 0) {
            next_class = its_class;
            next_block = oldest_block;
            next_since = oldest;
        }
    }
}

/**
 * The class of this worker that gets a free place now; nothing if it is left to another worker. `free`: how many are free, `rate`: how
 * many become free per second.
 */
function own_turn(places: Places, free: number, rate: number, now: MonotonicTime): Class | undefined {
    const { region } = places;
    find_next(places, false, now);
    if (next_class === undefined || next_block === region.block) return next_class;
    const { first } = next_class.line;
    if (first !== undefined && first.since - next_since <= SLACK_SECONDS) return next_class;
    const is_soon = now - next_since < PATIENCE_SECONDS && rate * PATIENCE_SECONDS > 1;
    const others = waiting(places) - region.mine.get(places.waiting_slot);
    if (!is_soon && free <= others) return undefined;
    find_next(places, true, now);
    return next_class;
}

/** Gives a place to the first one of a class that waits in this worker. */
function admit_one(places: Places, its_class: Class): void {
    const waiter = its_class.line.first!;
    leave(places, its_class, waiter);
    take(places, its_class);
    const turn = its_class.turn.get(0);
    places.turn.set(0, math.max(places.turn.get(0), turn));
    its_class.turn.set(0, turn + 1 / its_class.weight);
    waiter.has_place = true;
    places.wake(waiter);
}

/**
 * Gives free places to requests that wait in this worker, as far as it is their turn. To be called when a place has become free, when
 * a request has begun to wait, and every few milliseconds while one waits. Phases: any. `rate`: how many places become free per
 * second, about.
 */
export function admit(places: Places, limit: number, rate: number, now: MonotonicTime): void {
    const { region, waiting_slot, looked_slot } = places;
    region.mine.set(looked_slot, now);
    while (region.mine.get(waiting_slot) > 0) {
        const free = limit - taken(places);
        if (free < 1) return;
        const its_class = own_turn(places, free, rate, now);
        if (its_class === undefined) return;
        admit_one(places, its_class);
    }
}
