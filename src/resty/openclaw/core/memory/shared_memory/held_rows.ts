/**
 * Rows of transient slots that live as long as some worker holds them: for what is known of something with a name from
 * outside, such as a node's address.
 *
 * A worker that needs a row adds to the row's first slot in its own block, and takes that back when it needs the row no
 * more. Where it dies, the slot falls to zero with it. A row that nobody has held for a time is dropped, rests, and is then
 * given to another name. In the common block the first slot is free for the row's owner.
 *
 * What is made in init is held by each worker once it asks for it (`hold`); until then time protects it.
 */
import type { Region } from "../shared_memory";
import { HIGHEST_BLOCK } from "./lease";
import * as mapping from "./mapping";
import * as rows from "./rows";
import type { Rows } from "./rows";

export interface HeldRow {
    readonly name: string;
    readonly slot: number;
    readonly generation: number;
    /** Whether this worker holds it. */
    is_held: boolean;
}

/** A row that nobody holds is kept for so long: figures are read once more, and who comes back finds its own. */
export const UNHELD_SECONDS = 30;

/** So many rows are dropped without a pause, with what they had in other places: about a millisecond. */
const DROPS_AT_ONCE = 10;

/** Of several processes that make or drop a row at one moment all but one have to look again. */
const LOOKS = 5;

/** Whether the row is still the one that was taken; else its slots may be another's. Phases: any. */
export function is_current(region: Rows, row: HeldRow): boolean {
    return region.generations.get(row.slot) === row.generation;
}

/**
 * Makes this worker hold the row, where it does not yet; false when the row is another's by now. Phases: any but init.
 */
export function hold(region: Region, row: HeldRow): boolean {
    if (row.is_held) return is_current(region, row);
    if (!is_current(region, row)) return false;
    const { mine, names } = region;
    mine.set(row.slot, mine.get(row.slot) + 1);
    // The dict's lock also orders the write before the next look, as whoever drops a row has it the other way round.
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

function found(rows_of: Region, name: string, count: number, kept: number, now: number): Result<HeldRow> {
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
 * @param now by the clock that `look` is given
 */
export function take(region: Region, name: string, count: number, kept: number, now: number): Result<HeldRow> {
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
function drop(region: Region, slot: number, now: number): string | undefined {
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

/** Sees to one row; returns its name where it was dropped. */
function see_to(region: Region, slot: number, now: number): string | undefined {
    const since = region.touched.get(slot);
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
 * Looks at all rows once: drops what nobody has held for long, and frees what has rested. In one process at a time; some
 * ten nanoseconds for a row that is held here. Phases: any but init in which `pause` may be called.
 * @param now in seconds, by a clock that nobody sets back
 * @param dropped is told the name of each row that was dropped
 * @param pause is called after some of these, and stops the look where it returns false
 */
export function look(
    region: Region,
    now: number,
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
            const name = see_to(region, slot, now);
            if (name !== undefined) {
                dropped(name);
                count += 1;
                if (count % DROPS_AT_ONCE === 0 && !pause()) return;
            }
        }
        slot += math.max(sizes.get(slot), 1);
    }
}
