/** Series by the name of their metric, and by what they agree in. */
import * as ffi from "ffi";
import * as mapping from "../../memory/shared_memory/mapping";
import type { Kind, Registry } from "./model";
import { number_text } from "./number_text";
import type { SeriesList } from "./series_list";
import * as series_list from "./series_list";

/** The series of one name that agree in kind and bounds. A name has several when a reload changed its meaning. */
export interface Shape {
    readonly kind: Kind;
    readonly name: string;
    readonly bounds_text: string;
    /** The bounds as the page shows them, the infinite one included. */
    readonly bounds: readonly string[];
    /** Those that were dropped included, for a time. Replaced as a whole, so that a page that pauses may go on with it. */
    series: SeriesList;
    /** How many of `series` were dropped. */
    gone: number;
    readonly number: number;
}

export interface Shapes {
    readonly registry: Registry;
    /** The oldest shape first. */
    readonly by_name: LuaMap<string, Shape[]>;
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

const OPENING_BRACE = 123;
/** Series that were dropped are taken out when they are so many, and as many as half of all. */
const MOST_GONE = 64;

function bounds_of(bounds_text: string): string[] {
    const bounds: string[] = [];
    for (const [bound] of string.gmatch(bounds_text, "[^,]+")) bounds.push(number_text(tonumber(bound)!));
    bounds.push("+Inf");
    return bounds;
}

function shape_of(all: Shapes, kind: Kind, name: string, bounds_text: string): Shape {
    let shapes = all.by_name.get(name);
    if (shapes === undefined) {
        shapes = [];
        all.by_name.set(name, shapes);
        all.is_unsorted = true;
    }
    for (const shape of shapes) {
        if (shape.kind === kind && shape.bounds_text === bounds_text) return shape;
    }
    const number = all.all_shapes.length + 1;
    const bounds = bounds_of(bounds_text);
    const made: Shape = { kind, name, bounds_text, bounds, series: series_list.new(), gone: 0, number };
    all.all_shapes.push(made);
    shapes.push(made);
    return made;
}

function is_kind(name: string | undefined): name is Kind {
    return name === "counter" || name === "gauge" || name === "histogram";
}

/** Takes in one row, if its name is that of a series (see `series`). */
export function add(all: Shapes, row_name: string, slot: number, generation: number): void {
    const [kind, name, place] = string.match(row_name, "^(%l+) ([%a_:][%w_:]*)()");
    if (!is_kind(kind)) return;
    const begin = place as unknown as number;
    let end = row_name.length + 1;
    let bounds_text = "";
    if (kind === "histogram") {
        const [last_blank, after] = string.match(row_name, "^.*() (%S*)$");
        end = last_blank as unknown as number;
        // The blank before the name is none before bounds.
        if (end < begin) return;
        bounds_text = after!;
    }
    if (end > begin && string.byte(row_name, begin) !== OPENING_BRACE) return;
    const shape = shape_of(all, kind, name!, bounds_text);
    const labels = pointer_add(ffi.cast("const uint8_t *", row_name), begin - 1);
    series_list.add(shape.series, labels, end - begin, slot, generation);
    all.shape_numbers.set(slot, shape.number);
}

function without(shapes: readonly Shape[], shape: Shape): Shape[] {
    const others: Shape[] = [];
    for (const one of shapes) {
        if (one !== shape) others.push(one);
    }
    return others;
}

function remove_shape(all: Shapes, shape: Shape): void {
    const shapes = all.by_name.get(shape.name);
    if (shapes === undefined) return;
    const others = without(shapes, shape);
    if (others.length > 0) {
        all.by_name.set(shape.name, others);
    } else {
        all.by_name.delete(shape.name);
        all.is_unsorted = true;
    }
}

function keep(from: SeriesList, index: number, into: SeriesList): void {
    const labels = series_list.labels_at(from, index);
    const bytes = series_list.label_bytes(from, index);
    series_list.add(into, labels, bytes, series_list.slot(from, index), series_list.generation(from, index));
}

/** Takes out what was dropped, if it is much. */
function tidy(shapes: Shapes, shape: Shape, pause: (this: void) => void): void {
    const all = shape.series;
    const count = all.count;
    if (shape.gone < count && (shape.gone < MOST_GONE || shape.gone < count / 2)) return;
    const generations = shapes.registry.region.generations;
    const current = series_list.new();
    for (const index of $range(0, count - 1)) {
        if (series_list.is_current(all, index, generations)) keep(all, index, current);
        pause();
    }
    // Another page of this worker may have been here meanwhile, or have found more.
    if (shape.series !== all) return;
    for (const index of $range(count, all.count - 1)) keep(all, index, current);
    // What went just now is not counted as gone yet. It will be, and then both numbers agree again.
    shape.gone -= all.count - current.count;
    shape.series = current;
    if (current.count === 0) remove_shape(shapes, shape);
}

function tidy_all(all: Shapes, pause: (this: void) => void): void {
    let [shape] = next(all.untidy as object);
    while (shape !== undefined) {
        all.untidy.delete(shape as Shape);
        tidy(all, shape as Shape, pause);
        [shape] = next(all.untidy as object);
    }
}

/** Notes that a slot's series, if it is that of one, was dropped. */
export function remove(all: Shapes, slot: number): void {
    const number = all.shape_numbers.get(slot);
    if (number === 0) return;
    all.shape_numbers.set(slot, 0);
    const shape = all.all_shapes[number - 1]!;
    shape.gone += 1;
    all.untidy.add(shape);
}

function sort_names(all: Shapes): void {
    const names: string[] = [];
    for (const [name] of all.by_name) names.push(name);
    table.sort(names);
    all.names = names;
    all.is_unsorted = false;
}

/** Takes out what was dropped, and brings the names up to date. Calls `pause` after each series. */
export function settle(all: Shapes, pause: (this: void) => void): void {
    tidy_all(all, pause);
    if (all.is_unsorted) sort_names(all);
}

/** No series yet. */
function create(registry: Registry): Shapes {
    return {
        registry,
        by_name: new LuaMap(),
        shape_numbers: mapping.create(1, false),
        all_shapes: [],
        untidy: new LuaSet(),
        names: [],
        is_unsorted: false,
    };
}
export { create as new };
