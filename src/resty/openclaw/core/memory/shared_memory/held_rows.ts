/**
 * Rows of transient slots that exist as long as a worker holds them: for state of things that come and go, such as nodes.
 *
 * A worker that holds a row adds 1 to the row's first slot in its own block, and subtracts it on release; when the worker dies, the slot
 * falls to zero. A row without holders is dropped after a time, rests, and is then given to another name. In the common block the first
 * slot is free for the user of the row.
 *
 * A row that is created in init has no holder until a worker calls `hold`; until then `UNHELD_SECONDS` protect it.
 */
import type { Region } from "../shared_memory";
import { HIGHEST_BLOCK } from "./lease";
import * as mapping from "./mapping";
import type { Rows } from "./rows";
import * as rows from "./rows";

export interface HeldRow {
    readonly name: string;
    readonly slot: number;
    readonly generation: number;
    /** Whether this worker holds it. */
    is_held: boolean;
}

/** How long a row without holders is kept: its metrics can still be scraped, and a node that comes back finds its own. */
export const UNHELD_SECONDS = 30;

/** So many rows are dropped without a pause, with all that belongs to them: about a millisecond. */
const DROPS_AT_ONCE = 10;

/** Number of attempts: if several processes create or drop a row at the same time, all but one have to retry. */
const LOOKS = 5;

/** Whether the row is still the same; else its slots may belong to another one. Phases: any. */
export function is_current(region: Rows, row: HeldRow): boolean {
    return region.generations.get(row.slot) === row.generation;
}

/**
 * Makes this worker hold the row, unless it does already; false when the row now belongs to another name. Phases: any but init.
 */
export function hold(region: Region, row: HeldRow): boolean {
    if (row.is_held) return is_current(region, row);
    if (!is_current(region, row)) return false;
    const { mine, names } = region;
    mine.set(row.slot, mine.get(row.slot) + 1);
    // The dict's lock is also a memory barrier between the write and the check; `drop` has the reverse order.
    const [slot] = names.get<number>(`slot:${row.name}`);
    if (slot === row.slot && is_current(region, row)) {
        row.is_held = true;
        return true;
    }
    mine.set(row.slot, mine.get(row.slot) - 1);
    return false;
}

/** Lets go of a row, if this worker holds it. Phases: any but init. */
export function release(region: Region, row: HeldRow): void {
    if (!row.is_held) return;
    row.is_held = false;
    // A worker without a block may have lost it.
    if (is_current(region, row)) region.mine.set(row.slot, region.mine.get(row.slot) - 1);
}

function found(rows_of: Region, name: string, count: number, kept: number, now: MonotonicTime): Result<HeldRow> {
    let [slot, generation] = rows.find(rows_of, name);
    if (slot === undefined) {
        const [made, second] = rows.make(rows_of, name, count, 0, now, rows.TRANSIENT, kept);
        if (made === undefined) return $multi(undefined, second as string);
        slot = made;
        generation = second as number;
    }
    return $multi({ name, slot, generation: generation!, is_held: false });
}

/**
 * The row with this name, of so many slots, held by this worker, or in init by nobody yet. Phases: any. On failure nil and
 * why.
 * @param kept how many of its last slots keep what a worker wrote when that worker is gone
 */
export function take(region: Region, name: string, count: number, kept: number, now: MonotonicTime): Result<HeldRow> {
    for (const _ of $range(1, LOOKS)) {
        const [row, err] = found(region, name, count, kept, now);
        if (row === undefined) return $multi(undefined, err!);
        if (row.slot !== rows.LOST_SLOT) {
            if (ngx.get_phase() === "init") {
                region.touched.set(row.slot, now);
                return $multi(row);
            }
            if (hold(region, row)) return $multi(row);
        }
    }
    return $multi(undefined, "its memory is being freed at this moment");
}

/** Whether any worker holds the row at a slot. */
function has_holder(region: Region, slot: number): boolean {
    // Most rows are held by this worker too.
    if (region.mine.get(slot) > 0) return true;
    const base = region.base;
    for (const block of $range(1, base.get(HIGHEST_BLOCK))) {
        if (base.get(block * mapping.SLOTS + slot) > 0) return true;
    }
    return false;
}

/** Drops a row that nobody holds, and returns the name it had; nothing when somebody has come to hold it. */
function drop(region: Region, slot: number, now: MonotonicTime): string | undefined {
    const generation = region.generations.get(slot);
    region.generations.set(slot, generation + 1);
    // See `hold`.
    region.names.get(`name:${slot}`);
    if (has_holder(region, slot)) {
        region.generations.set(slot, generation);
        return undefined;
    }
    region.touched.set(slot, now);
    return rows.forget_name(region, slot);
}

/** Checks one row; returns its name if it was dropped. */
function sweep_row(region: Region, slot: number, now: MonotonicTime): string | undefined {
    const since = region.touched.get(slot) as MonotonicTime;
    if (rows.in_use(region.generations.get(slot))) {
        if (since > now || has_holder(region, slot)) region.touched.set(slot, now);
        else if (now - since >= UNHELD_SECONDS) return drop(region, slot, now);
    } else if (since !== 0 && now - since >= rows.REST_SECONDS) {
        if (has_holder(region, slot)) region.touched.set(slot, now);
        else return rows.recycle(region, slot, now);
    }
    return undefined;
}

/**
 * Checks all rows once: drops those without holders, and frees those that have rested. In one process at a time; takes some ten nanoseconds
 * for a row that is held here. Phases: any but init in which `pause` may be called.
 * @param dropped is told the name of each row that was dropped
 * @param pause is called after some of these, and stops the sweep where it returns false
 */
export function sweep(
    region: Region,
    now: MonotonicTime,
    dropped: (this: void, name: string) => void,
    pause: (this: void) => boolean,
): void {
    const { generations, sizes, touched, mine } = region;
    const limit = rows.limit(region, rows.TRANSIENT);
    let slot = rows.TRANSIENT.first;
    let count = 0;
    while (slot < limit) {
        const generation = generations.get(slot);
        if (rows.in_use(generation) && mine.get(slot) > 0) {
            // The usual case, and the quick one.
            touched.set(slot, now);
        } else if (generation !== 0) {
            const name = sweep_row(region, slot, now);
            if (name !== undefined) {
                dropped(name);
                count += 1;
                if (count % DROPS_AT_ONCE === 0 && !pause()) return;
            }
        }
        slot += math.max(sizes.get(slot), 1);
    }
}
