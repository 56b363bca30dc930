/**
 * The catalogue of all series of all workers, read from the names of their rows. It is cached; generations show which rows have changed
 * since.
 */
import type { Region } from "../../memory/shared_memory";
import * as shared_memory from "../../memory/shared_memory";
import * as mapping from "../../memory/shared_memory/mapping";
import type { Rows } from "../../memory/shared_memory/rows";
import * as rows from "../../memory/shared_memory/rows";
import * as clock from "../../time/clock";
import type { Registry } from "./model";
import type { Shape, Shapes } from "./shapes";
import * as shapes from "./shapes";

export type { Shape };

export interface Catalogue extends Shapes {
    /** The generations of all rows when they were read. */
    readonly read: Doubles;
}

/** Slots that are checked without a pause: a part of a millisecond. */
const SLOTS_AT_ONCE = 65536;
/** Creating a row takes far less than this. */
const SETTLE_SECONDS = 1;

/** Whether a row keeps its name: if two processes create a series at the same time, one gives its row back. */
function is_settled(region: Region, slot: number, name: string): boolean {
    if (clock.now() - region.touched.get(slot) > SETTLE_SECONDS) return true;
    return region.names.get<number>(`slot:${name}`)[0] === slot;
}

/** Updates one row that has changed. */
function reread(catalogue: Catalogue, slot: number): void {
    const region = catalogue.registry.region;
    const generation = region.generations.get(slot);
    shapes.remove(catalogue, slot);
    if (rows.in_use(generation)) {
        const [name] = region.names.get<string>(`name:${slot}`);
        // A row that is being created or dropped right now is checked again.
        if (name === undefined || !is_settled(region, slot, name)) return;
        if (region.generations.get(slot) !== generation) return;
        shapes.add(catalogue, name, slot, generation);
    }
    catalogue.read.set(slot, generation);
}

/** The next row that has changed, or `limit`. */
function next_changed(all: Rows, read: Doubles, from: number, limit: number): number {
    const generations = all.generations;
    for (const slot of $range(from, limit - 1)) {
        if (generations.get(slot) !== read.get(slot)) return slot;
    }
    return limit;
}

/** Reads what is new, and forgets what was dropped. Calls `pause` after each row, so that it may be one of `time_slice.paced`. Phases: any in which `pause` may be called. */
export function refresh(catalogue: Catalogue, pause: (this: void) => void): void {
    const region = catalogue.registry.region;
    // Also starts the timer that drops idle series.
    shared_memory.attend(region);
    const limit = rows.limit(region);
    let from = rows.FIRST_SLOT;
    while (from < limit) {
        const stop = math.min(from + SLOTS_AT_ONCE, limit);
        from = next_changed(region, catalogue.read, from, stop);
        if (from < stop) {
            reread(catalogue, from);
            from += 1;
        }
        if (from < limit) pause();
    }
    shapes.settle(catalogue, pause);
}

/** Of the shapes of a name that is not registered here that which another worker has declared, else the last made. */
function declared(catalogue: Catalogue, named: readonly Shape[], name: string): Shape | undefined {
    const last = named[named.length - 1];
    if (named.length === 1) return last;
    const [declaration] = catalogue.registry.region.names.get<string>(`family:${name}`);
    const [kind] = string.match(declaration ?? "", "^%l+");
    for (const shape of named) {
        if (shape.kind === kind) return shape;
    }
    return last;
}

/**
 * The shape in force for a name: what is registered here under it or, where nothing is, what another worker has declared
 * or was made last. Nothing when the series contradict what is registered. Phases: any.
 */
export function in_force(catalogue: Catalogue, name: string): Shape | undefined {
    const named = catalogue.by_name.get(name);
    if (named === undefined) return undefined;
    const family = catalogue.registry.families.get(name);
    if (family === undefined) return declared(catalogue, named, name);
    const bounds_text = table.concat(family.bounds as number[], ",");
    for (const shape of named) {
        if (shape.kind === family.kind && shape.bounds_text === bounds_text) return shape;
    }
    return undefined;
}

/** An empty catalogue of a registry's series. Raises when the system has no memory. Phases: any. */
function create(registry: Registry): Catalogue {
    const catalogue = shapes.new(registry) as Catalogue & { read: Doubles };
    catalogue.read = mapping.create(1, false);
    return catalogue;
}
export { create as new };

const catalogues = new LuaMap<Registry, Catalogue>();

/** The catalogue of a registry, one for all who look. Else as `new`. */
export function of(registry: Registry): Catalogue {
    const known = catalogues.get(registry);
    if (known !== undefined) return known;
    const made = create(registry);
    catalogues.set(registry, made);
    return made;
}
