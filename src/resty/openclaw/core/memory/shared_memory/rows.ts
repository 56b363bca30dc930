/**
 * Rows: adjacent slots under one name that are freed when they are not needed any more, and then get other names.
 *
 * Beside the blocks lie areas with a number for each slot; a row's numbers stand at its first. The generation grows by
 * one when the row gets a name and when it loses it, so it is odd while the row is in use. Code that keeps a slot also keeps its
 * generation, and compares it before each use: where they differ, the slot belongs to another row.
 *
 * A row that is dropped rests before it is zeroed and given away, as another process may have compared just before.
 * One process at a time drops and recycles. Where it dies between two steps, the next one goes on from what it finds.
 */
import type { Areas } from "./areas";
import type { Blocks } from "./lease";
import { HIGHEST_BLOCK } from "./lease";
import * as mapping from "./mapping";
import { advance } from "./names";
export interface Rows extends Blocks, Areas {}

export const FIRST_SLOT = 64;
/**
 * The first of 60 slots for what found no row; nobody reads them. Its generation grows with each row that is dropped or
 * free again: what is bound here looks for a row once more then, and caches begin anew.
 */
export const LOST_SLOT = 4;
/** A generation no row ever has: what keeps it looks for its row at each use. */
export const NEVER = -1;

/** How long a dropped row rests, in seconds. */
export const REST_SECONDS = 10;

/** A part of each block from which rows are given. */
export interface Space {
    /** Names in the dict: that of the list of free rows, its size left out, and that of the cursor. */
    readonly free: string;
    readonly cursor: string;
    /** Its first slot, and the first one past it. */
    readonly first: number;
    readonly limit: number;
}

/** Where slots keep their values for good. */
export const LASTING: Space = {
    free: "free",
    cursor: "next_slot",
    first: FIRST_SLOT,
    limit: mapping.FIRST_TRANSIENT,
};

/** Where slots fall to zero with the worker that wrote them. */
export const TRANSIENT: Space = {
    free: "free transient",
    cursor: "next_transient",
    first: mapping.FIRST_TRANSIENT,
    limit: mapping.SLOTS,
};

/** Up to where slots have been handed out. */
export function limit(rows: Blocks, space = LASTING): number {
    return rows.names.get<number>(space.cursor)[0] ?? space.first;
}

/** Whether a row's generation is that of one in use. */
export function in_use(generation: number): boolean {
    return generation % 2 === 1;
}

/** The number that grows with each row that is dropped or free again. */
export function epoch(rows: Rows): number {
    return rows.generations.get(LOST_SLOT);
}

function begin_epoch(rows: Rows): void {
    rows.generations.set(LOST_SLOT, rows.generations.get(LOST_SLOT) + 1);
}

/**
 * Where the row of a name is, and its generation; nothing when the name has none. One that is being dropped right now is
 * no place to count: the lost slot takes its place until it is gone.
 */
export function find(rows: Rows, name: string): LuaMultiReturn<[slot?: number, generation?: number]> {
    const key = `slot:${name}`;
    const [slot] = rows.names.get<number>(key);
    if (slot === undefined) return $multi();
    const generation = rows.generations.get(slot);
    // Once more: it may have been dropped, and named otherwise, after the first look.
    const is_its = rows.names.get<number>(key)[0] === slot;
    if (is_its && in_use(generation)) return $multi(slot, generation);
    return $multi(LOST_SLOT, NEVER);
}

/** Adds a row that is not in use to the free list. Without memory for the list it rests once more. */
function give_away(rows: Rows, slot: number, now: MonotonicTime): void {
    // A process that dies between these two loses the row; the other way round it would be given away twice.
    rows.touched.set(slot, 0);
    const space = slot < mapping.FIRST_TRANSIENT ? LASTING : TRANSIENT;
    const [length] = rows.names.lpush(`${space.free}:${rows.sizes.get(slot)}`, slot);
    if (length === undefined) rows.touched.set(slot, now);
}

/**
 * A row of so many slots for a name that has none. Its slot and generation, and whether this call made it: another
 * process may have been first. On failure nil and why. Phases: any.
 * @param pin up to which configuration it is kept
 * @param kept how many of its last slots keep what a worker wrote, where the others fall to zero (all)
 */
export function make(
    rows: Rows,
    name: string,
    count: number,
    pin: number,
    now: MonotonicTime,
    space = LASTING,
    kept = count,
): LuaMultiReturn<[slot: number, generation: number, made: boolean] | [slot: undefined, err: string]> {
    let [slot] = rows.names.lpop<number>(`${space.free}:${count}`);
    if (slot === undefined) {
        const [next, err] = advance(rows.names, space.cursor, count, space.first, space.limit);
        if (next === undefined) return $multi(undefined, err);
        slot = next;
    }
    const generation = rows.generations.get(slot) + 1;
    rows.sizes.set(slot, count);
    rows.kept.set(slot, kept);
    rows.touched.set(slot, now);
    rows.seen.set(slot, 0);
    rows.pins.set(slot, pin);
    rows.generations.set(slot, generation);
    // Number before name: who finds the name is to find all the rest.
    const [numbered] = rows.names.safe_set(`name:${slot}`, name);
    if (numbered === true) {
        const [named] = rows.names.safe_add(`slot:${name}`, slot);
        if (named === true) return $multi(slot, generation, true);
    }
    rows.names.delete(`name:${slot}`);
    rows.generations.set(slot, generation + 1);
    give_away(rows, slot, now);
    const [winner, its_generation] = find(rows, name);
    if (winner !== undefined) return $multi(winner, its_generation!, false);
    return $multi(undefined, "the lua_shared_dict is full");
}

/** Keeps a row at least as long as this configuration is in force. */
export function pin(rows: Rows, slot: number, configuration: number): void {
    if (rows.pins.get(slot) < configuration) rows.pins.set(slot, configuration);
}

/**
 * What has been counted in a row: the sum of its slots, the last of several left out, over the workers' blocks. It
 * changes whenever something is counted, and at no other time.
 */
export function activity(rows: Rows, slot: number): number {
    const last = slot + math.max(rows.sizes.get(slot) - 2, 0);
    const base = rows.base;
    let sum = 0;
    for (const block of $range(1, base.get(HIGHEST_BLOCK))) {
        const start = block * mapping.SLOTS;
        for (const at of $range(start + slot, start + last)) sum += base.get(at);
    }
    return sum;
}

/** Takes a row's name away, which it returns; nothing when it has none. */
export function forget_name(rows: Rows, slot: number): string | undefined {
    const [name] = rows.names.get<string>(`name:${slot}`);
    if (name === undefined) return undefined;
    if (rows.names.get<number>(`slot:${name}`)[0] === slot) rows.names.delete(`slot:${name}`);
    rows.names.delete(`name:${slot}`);
    return name;
}

/**
 * Drops a row whose activity is still what was seen last, and returns the name it had. Nothing when something has been
 * counted in it since, or when it had no name. The generation comes first: from then on nobody begins to count in it.
 */
export function drop(rows: Rows, slot: number, now: MonotonicTime): string | undefined {
    const generation = rows.generations.get(slot);
    rows.touched.set(slot, now);
    rows.generations.set(slot, generation + 1);
    if (activity(rows, slot) !== rows.seen.get(slot)) {
        rows.generations.set(slot, generation + 2);
        return undefined;
    }
    const name = forget_name(rows, slot);
    begin_epoch(rows);
    return name;
}

/**
 * Zeroes a row that has rested, and gives it away. Returns the name it still had, where one who dropped it died before
 * taking it away; else nothing.
 */
export function recycle(rows: Rows, slot: number, now: MonotonicTime): string | undefined {
    const name = forget_name(rows, slot);
    const last = slot + rows.sizes.get(slot) - 1;
    for (const block of $range(0, rows.base.get(HIGHEST_BLOCK))) {
        const start = block * mapping.SLOTS;
        for (const at of $range(start + slot, start + last)) rows.base.set(at, 0);
    }
    give_away(rows, slot, now);
    begin_epoch(rows);
    return name;
}

/** How many slots belong to rows that are not in use. */
export function unused(rows: Rows, space = LASTING): number {
    const { generations, sizes } = rows;
    let count = 0;
    for (const slot of $range(space.first, limit(rows, space) - 1)) {
        if (generations.get(slot) !== 0 && !in_use(generations.get(slot))) count += sizes.get(slot);
    }
    return count;
}

function follow_drops_in(rows: Rows, space: Space, known: Doubles, block: Doubles): void {
    const generations = rows.generations;
    for (const slot of $range(space.first, limit(rows, space) - 1)) {
        const generation = generations.get(slot);
        if (generation !== known.get(slot)) {
            if (in_use(known.get(slot)) || !in_use(generation)) {
                for (const at of $range(slot, slot + rows.sizes.get(slot) - 1)) block.set(at, 0);
            }
            known.set(slot, generation);
        }
    }
}

/**
 * Zeroes, in a block that only this process sees, the rows that were dropped since the last call. `known` is for this
 * function alone: the generations it found then, at first all 0. To be called more often than a row rests.
 */
export function follow_drops(rows: Rows, known: Doubles, block: Doubles): void {
    follow_drops_in(rows, LASTING, known, block);
    follow_drops_in(rows, TRANSIENT, known, block);
}
