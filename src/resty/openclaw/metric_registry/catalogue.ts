/**
 * Which series there are: all that any worker has made, read from the names of their rows. What was read once is kept;
 * which rows have changed since, by getting a name or losing it, the generations say.
 */
import type { Registry } from "../metric_registry";
import * as shared_memory from "../shared_memory";
import * as mapping from "../shared_memory/mapping";
import * as rows from "../shared_memory/rows";
import type { Rows } from "../shared_memory/rows";
import type { Kind } from "./family";
import { number_text } from "./number_text";

export interface Series {
    /** As the page shows them: `{name="value",…}`, or nothing. */
    readonly labels: string;
    readonly slot: number;
    readonly generation: number;
}

/** The series of one name that agree in kind and bounds. A name has several when a reload changed its meaning. */
export interface Shape {
    readonly kind: Kind;
    readonly name: string;
    readonly bounds_text: string;
    /** The bounds as the page shows them, the infinite one included. */
    readonly bounds: readonly string[];
    /** Those that were dropped included, for a time. Replaced as a whole, so that a page that pauses may go on with it. */
    series: Series[];
    /** How many of `series` were dropped. */
    gone: number;
    readonly number: number;
}

export interface Catalogue {
    readonly registry: Registry;
    /** By name, the oldest shape first. */
    readonly shapes: LuaTable<string, Shape[]>;
    /** The generations of all rows when they were read. */
    readonly read: Doubles;
    /** By slot the place of its shape in `all_shapes`, from 1; 0 for none. A table would halt the worker as it grows. */
    readonly shape_numbers: Doubles;
    readonly all_shapes: Shape[];
    /** Shapes of which series were dropped. */
    readonly untidy: LuaSet<Shape>;
    /** Sorted; replaced as a whole, so that a page that pauses goes on with the list it began with. */
    names: readonly string[];
    /** Whether `names` lacks some, or has too many. */
    is_unsorted: boolean;
}

/** So many slots are looked at without a pause, and so many of them read anew: about a millisecond. */
const SLOTS_AT_ONCE = 65536;
const ROWS_AT_ONCE = 100;
const SERIES_AT_ONCE = 10_000;
/** Series that were dropped are taken out when they are so many, and as many as half of all. */
const MOST_GONE = 64;

function bounds_of(bounds_text: string): string[] {
    const bounds: string[] = [];
    for (const [bound] of string.gmatch(bounds_text, "[^,]+")) bounds.push(number_text(tonumber(bound)!));
    bounds.push("+Inf");
    return bounds;
}

function shape_of(catalogue: Catalogue, kind: Kind, name: string, bounds_text: string): Shape {
    let shapes = catalogue.shapes.get(name) as Shape[] | undefined;
    if (shapes === undefined) {
        shapes = [];
        catalogue.shapes.set(name, shapes);
        catalogue.is_unsorted = true;
    }
    for (const shape of shapes) {
        if (shape.kind === kind && shape.bounds_text === bounds_text) return shape;
    }
    const number = catalogue.all_shapes.length + 1;
    const made: Shape = { kind, name, bounds_text, bounds: bounds_of(bounds_text), series: [], gone: 0, number };
    catalogue.all_shapes.push(made);
    shapes.push(made);
    return made;
}

function is_kind(word: string | undefined): word is Kind {
    return word === "counter" || word === "gauge" || word === "histogram";
}

/** Takes in one row, if its name is that of a series (see `family`). */
function add(catalogue: Catalogue, row_name: string, slot: number, generation: number): void {
    const [kind, name, rest] = string.match(row_name, "^(%l+) ([%a_:][%w_:]*)(.*)$");
    if (!is_kind(kind)) return;
    let labels = rest!;
    let bounds_text = "";
    if (kind === "histogram") {
        const [before, after] = string.match(labels, "^(.*) (%S*)$");
        if (before === undefined) return;
        labels = before;
        bounds_text = after!;
    }
    if (labels !== "" && string.sub(labels, 1, 1) !== "{") return;
    const shape = shape_of(catalogue, kind, name!, bounds_text);
    shape.series.push({ labels, slot, generation });
    catalogue.shape_numbers.set(slot, shape.number);
}

/** Whether a series is still what its slots hold: to be asked anew after each pause. Phases: any. */
export function is_current(registry: Registry, series: Series): boolean {
    return registry.region.generations.get(series.slot) === series.generation;
}

function without(shapes: readonly Shape[], shape: Shape): Shape[] {
    const others: Shape[] = [];
    for (const one of shapes) {
        if (one !== shape) others.push(one);
    }
    return others;
}

function remove_shape(catalogue: Catalogue, shape: Shape): void {
    const shapes = catalogue.shapes.get(shape.name) as Shape[] | undefined;
    if (shapes === undefined) return;
    const others = without(shapes, shape);
    if (others.length > 0) {
        catalogue.shapes.set(shape.name, others);
    } else {
        catalogue.shapes.delete(shape.name);
        catalogue.is_unsorted = true;
    }
}

/** Takes out what was dropped, if it is much. */
function tidy(catalogue: Catalogue, shape: Shape, pause: (this: void) => void): void {
    const all = shape.series;
    const count = all.length;
    if (shape.gone < count && (shape.gone < MOST_GONE || shape.gone < count / 2)) return;
    const current: Series[] = [];
    for (const index of $range(1, count)) {
        const series = all[index - 1]!;
        if (is_current(catalogue.registry, series)) current.push(series);
        if (index % SERIES_AT_ONCE === 0) pause();
    }
    // Another page of this worker may have been here meanwhile, or have found more.
    if (shape.series !== all) return;
    for (const index of $range(count + 1, all.length)) current.push(all[index - 1]!);
    // What went just now is not counted as gone yet. It will be, and then both numbers agree again.
    shape.gone -= all.length - current.length;
    shape.series = current;
    if (current.length === 0) remove_shape(catalogue, shape);
}

function tidy_all(catalogue: Catalogue, pause: (this: void) => void): void {
    let [shape] = next(catalogue.untidy as object);
    while (shape !== undefined) {
        catalogue.untidy.delete(shape as Shape);
        tidy(catalogue, shape as Shape, pause);
        [shape] = next(catalogue.untidy as object);
    }
}

function remove(catalogue: Catalogue, slot: number): void {
    const number = catalogue.shape_numbers.get(slot);
    if (number === 0) return;
    catalogue.shape_numbers.set(slot, 0);
    const shape = catalogue.all_shapes[number - 1]!;
    shape.gone += 1;
    catalogue.untidy.add(shape);
}

/** Takes in what has become of one row. */
function reread(catalogue: Catalogue, slot: number): void {
    const region = catalogue.registry.region;
    const generation = region.generations.get(slot);
    remove(catalogue, slot);
    if (rows.in_use(generation)) {
        const [name] = region.names.get<string>(`name:${slot}`);
        // One that is being made, or dropped again, at this moment is looked at once more.
        if (name === undefined || region.names.get<number>(`slot:${name}`)[0] !== slot) return;
        if (region.generations.get(slot) !== generation) return;
        add(catalogue, name, slot, generation);
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

function sort_names(catalogue: Catalogue): void {
    const names: string[] = [];
    for (const [name] of catalogue.shapes) names.push(name);
    table.sort(names);
    catalogue.names = names;
    catalogue.is_unsorted = false;
}

/** Reads what is new, and forgets what was dropped. Calls `pause` about once a millisecond. Phases: any in which `pause` may be called. */
export function refresh(catalogue: Catalogue, pause: (this: void) => void): void {
    const region = catalogue.registry.region;
    // Whoever looks at series sees to it that idle ones are dropped.
    shared_memory.attend(region);
    const limit = rows.limit(region);
    let from = rows.FIRST_SLOT;
    while (from < limit) {
        const stop = math.min(from + SLOTS_AT_ONCE, limit);
        let count = 0;
        while (from < stop && count < ROWS_AT_ONCE) {
            from = next_changed(region, catalogue.read, from, stop);
            if (from < stop) {
                reread(catalogue, from);
                count += 1;
                from += 1;
            }
        }
        if (from < limit) pause();
    }
    tidy_all(catalogue, pause);
    if (catalogue.is_unsorted) sort_names(catalogue);
}

/** Of the shapes of a name that is not registered here that which another worker has declared, else the last made. */
function declared(catalogue: Catalogue, shapes: readonly Shape[], name: string): Shape | undefined {
    const last = shapes[shapes.length - 1];
    if (shapes.length === 1) return last;
    const [declaration] = catalogue.registry.region.names.get<string>(`family:${name}`);
    const [kind] = string.match(declaration ?? "", "^%l+");
    for (const shape of shapes) {
        if (shape.kind === kind) return shape;
    }
    return last;
}

/**
 * The shape in force for a name: what is registered here under it or, where nothing is, what another worker has declared
 * or was made last. Nothing when the series contradict what is registered. Phases: any.
 */
export function in_force(catalogue: Catalogue, name: string): Shape | undefined {
    const shapes = catalogue.shapes.get(name) as Shape[] | undefined;
    if (shapes === undefined) return undefined;
    const family = catalogue.registry.families.get(name);
    if (family === undefined) return declared(catalogue, shapes, name);
    const bounds_text = table.concat(family.bounds as number[], ",");
    for (const shape of shapes) {
        if (shape.kind === family.kind && shape.bounds_text === bounds_text) return shape;
    }
    return undefined;
}

/** An empty catalogue of a registry's series. Raises when the system has no memory. Phases: any. */
function create(registry: Registry): Catalogue {
    return {
        registry,
        shapes: new LuaTable(),
        read: mapping.create(1, false),
        shape_numbers: mapping.create(1, false),
        all_shapes: [],
        untidy: new LuaSet(),
        names: [],
        is_unsorted: false,
    };
}
export { create as new };
