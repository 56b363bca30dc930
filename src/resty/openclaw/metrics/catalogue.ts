/**
 * Which series there are: all that any worker has made, read from the names of their slots. What was read once is kept,
 * so that a page costs only what came after the last one.
 */
import type { Kind, Registry } from "../metric_registry";
import * as shared_memory from "../shared_memory";
import { number_text } from "./number_text";

export interface Series {
    /** As the page shows them: `{name="value",…}`, or nothing. */
    readonly labels: string;
    readonly slot: number;
}

/** The series of one name that agree in kind and bounds. A name has several when a reload changed its meaning. */
export interface Shape {
    readonly kind: Kind;
    readonly name: string;
    readonly bounds_text: string;
    /** The bounds as the page shows them, the infinite one included. */
    readonly bounds: readonly string[];
    readonly series: Series[];
}

export interface Catalogue {
    readonly registry: Registry;
    /** By name, the oldest shape first. */
    readonly shapes: LuaTable<string, Shape[]>;
    readonly known_slots: LuaSet<number>;
    /** Sorted; replaced as a whole, so that a page that pauses goes on with the list it began with. */
    names: readonly string[];
    /** Slots below are read for good. */
    settled: number;
    read_until: number;
    read_at: number;
}

/** A worker needs far less than these seconds between taking a slot and naming it; until then it is looked at again. */
const SETTLE_SECONDS = 1;
/** So many slots are read without a pause: about a millisecond when all of them are new series. */
const SLOTS_AT_ONCE = 512;

function bounds_of(bounds_text: string): string[] {
    const bounds: string[] = [];
    for (const [bound] of string.gmatch(bounds_text, "[^,]+")) bounds.push(number_text(tonumber(bound)!));
    bounds.push("+Inf");
    return bounds;
}

function names_with(names: readonly string[], one_more: string): string[] {
    const all = [one_more];
    for (const name of names) all.push(name);
    table.sort(all);
    return all;
}

function shape_of(catalogue: Catalogue, kind: Kind, name: string, bounds_text: string): Shape {
    let shapes = catalogue.shapes.get(name) as Shape[] | undefined;
    if (shapes === undefined) {
        shapes = [];
        catalogue.shapes.set(name, shapes);
        catalogue.names = names_with(catalogue.names, name);
    }
    for (const shape of shapes) {
        if (shape.kind === kind && shape.bounds_text === bounds_text) return shape;
    }
    const made: Shape = { kind, name, bounds_text, bounds: bounds_of(bounds_text), series: [] };
    shapes.push(made);
    return made;
}

function is_kind(word: string | undefined): word is Kind {
    return word === "counter" || word === "gauge" || word === "histogram";
}

/** Takes in one slot, if its name is that of a series (see `metric_registry`). */
function add(catalogue: Catalogue, slot_name: string, slot: number): void {
    if (catalogue.known_slots.has(slot)) return;
    const [kind, name, rest] = string.match(slot_name, "^(%l+) ([%a_:][%w_:]*)(.*)$");
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
    catalogue.known_slots.add(slot);
    shape_of(catalogue, kind, name!, bounds_text).series.push({ labels, slot });
}

/** Reads what is new. Calls `pause` about once a millisecond. Phases: any in which `pause` may be called. */
export function refresh(catalogue: Catalogue, pause: (this: void) => void): void {
    const region = catalogue.registry.region;
    const now = ngx.now();
    const visit = (name: string, slot: number): void => add(catalogue, name, slot);
    let from = catalogue.settled;
    let end = shared_memory.each(region, from, visit, SLOTS_AT_ONCE);
    while (end - from >= SLOTS_AT_ONCE) {
        pause();
        from = end;
        end = shared_memory.each(region, from, visit, SLOTS_AT_ONCE);
    }
    if (now - catalogue.read_at >= SETTLE_SECONDS) {
        catalogue.settled = catalogue.read_until;
        catalogue.read_until = end;
        catalogue.read_at = now;
    }
}

/**
 * The shape in force for a name: what is registered here under it or, where nothing is, what was made last. Nothing
 * when the series contradict what is registered. Phases: any.
 */
export function in_force(catalogue: Catalogue, name: string): Shape | undefined {
    const shapes = catalogue.shapes.get(name) as Shape[] | undefined;
    if (shapes === undefined) return undefined;
    const family = catalogue.registry.families.get(name);
    if (family === undefined) return shapes[shapes.length - 1];
    const bounds_text = table.concat(family.bounds as number[], ",");
    for (const shape of shapes) {
        if (shape.kind === family.kind && shape.bounds_text === bounds_text) return shape;
    }
    return undefined;
}

/** An empty catalogue of a registry's series. Phases: any. */
function create(registry: Registry): Catalogue {
    return {
        registry,
        shapes: new LuaTable(),
        known_slots: new LuaSet(),
        names: [],
        settled: 0,
        read_until: 0,
        read_at: 0,
    };
}
export { create as new };
