/** One metric: its series, each found or made by its labels, and what becomes of those past the limit. */
import * as handles from "../metric_handles";
import type { Handle, Owner } from "../metric_handles";
import type { Buckets } from "../metric_handles/buckets";
import { prepare } from "../metric_handles/buckets";
import { steady_seconds } from "../shared_memory/clock";
import { increment } from "../shared_memory/names";
import * as rows from "../shared_memory/rows";
import * as allow_list from "./allow_list";
import type { AllowList } from "./allow_list";
import { are_fitted, label_text } from "./label_text";
import type { Registry } from "../metric_registry";

export type Kind = "counter" | "gauge" | "histogram";

export interface Family<Bound> extends Owner {
    readonly registry: Registry;
    readonly name: string;
    readonly kind: Kind;
    readonly help: string;
    readonly label_names: readonly string[];
    /** Those of `label_names` that the series have. */
    kept_names: readonly string[];
    /** Where the operator keeps some labels only. */
    allowed: AllowList | undefined;
    readonly bounds: readonly number[];
    /** Of a histogram. */
    readonly buckets: Buckets | undefined;
    /** By label values; begun anew with each epoch of the rows, so that it holds no more than there are series. */
    handles: LuaTable<string, Bound>;
    handles_epoch: number;
    /** In this epoch there was no row for a new series; none is tried until the next. */
    lost_epoch: number;
    /** When misuse may be logged again. */
    next_line: number;
    /**
     * The handle for these label values, in the order of the family's label names. Phases: any. Past the limit of
     * series the handle is that of the series whose label values are all `_other`. Other than one value for each name
     * is misuse: it raises in init, and later gives a handle that counts nowhere.
     */
    labels(...values: string[]): Bound;
}

/** The pin of series that are kept in every configuration. */
const FOR_EVER = math.huge;
const SECONDS_BETWEEN_LINES = 60;

/** The name of a series' row; `catalogue` reads it back. */
function row_name(family: Family<unknown>, labels: string): string {
    if (family.kind !== "histogram") return `${family.kind} ${family.name}${labels}`;
    return `${family.kind} ${family.name}${labels} ${table.concat(family.bounds as number[], ",")}`;
}

function row_size(family: Family<unknown>): number {
    return family.kind === "histogram" ? family.bounds.length + 2 : 1;
}

function bind(family: Family<unknown>, slot: number, generation: number, name: string): Handle {
    const region = family.registry.region;
    if (family.kind === "counter") return handles.counter(region, slot, generation, name, family);
    if (family.kind === "gauge") return handles.gauge(region, slot, generation, name, family);
    return handles.histogram(region, slot, family.buckets!, generation, name, family);
}

/** A handle for a misused family: it counts where nobody looks. */
function nowhere(family: Family<unknown>): Handle {
    const region = family.registry.region;
    if (family.kind === "counter") return handles.counter(region, rows.LOST_SLOT);
    if (family.kind === "gauge") return handles.gauge(region, rows.LOST_SLOT);
    return handles.histogram(region, rows.LOST_SLOT, family.buckets!);
}

/** The name of the series that takes what is past the limit. */
function name_of_others(family: Family<unknown>): string {
    const values: string[] = [];
    for (const index of $range(1, family.kept_names.length)) values[index - 1] = allow_list.OTHER;
    return row_name(family, label_text(family.kept_names, values));
}

/** Whether nginx is being started or reloaded: what is bound now is shown from the start, and kept. */
function is_starting(): boolean {
    const phase = ngx.get_phase();
    return phase === "init" || phase === "init_worker";
}

/** Up to which configuration a new series of the family is kept. */
function pin_of(family: Family<unknown>): number {
    if (family.kept_names.length === 0) return FOR_EVER;
    return is_starting() ? family.registry.region.configuration : 0;
}

/** Takes the place of one more series; false when there is none. The series of the others needs none. */
function take_place(family: Family<unknown>, others: string): boolean {
    const names = family.registry.region.names;
    const [count] = increment(names, `series:${family.name}`, 1, 0);
    if (count !== undefined) {
        if (count <= family.registry.most_series) return true;
        const has_others = names.get(`slot:${others}`)[0] !== undefined;
        if (has_others && count === family.registry.most_series + 1) return true;
        names.incr(`series:${family.name}`, -1);
    }
    return false;
}

/** Makes a series that has its place already. Where no row is left it counts nowhere, until one is free again. */
function make(family: Family<unknown>, name: string): LuaMultiReturn<[slot: number, generation: number]> {
    const region = family.registry.region;
    const [slot, second, made] = rows.make(region, name, row_size(family), pin_of(family), steady_seconds());
    if (made !== true) region.names.incr(`series:${family.name}`, -1);
    if (slot !== undefined) return $multi(slot, second);
    ngx.log(ngx.ERR, "metric_registry: new series of ", family.name, " are not counted: ", second);
    family.lost_epoch = rows.epoch(region);
    return $multi(rows.LOST_SLOT, family.lost_epoch);
}

/**
 * Where a series counts: its slot and generation, found or made, or those of the others past the limit. Third value:
 * whether they are its own.
 */
function place(
    family: Family<unknown>,
    name: string,
): LuaMultiReturn<[slot: number, generation: number, is_own: boolean]> {
    const region = family.registry.region;
    const [found, found_generation] = rows.find(region, name);
    if (found !== undefined) {
        if (is_starting()) rows.pin(region, found, region.configuration);
        return $multi(found, found_generation!, found !== rows.LOST_SLOT);
    }
    if (family.lost_epoch === rows.epoch(region)) return $multi(rows.LOST_SLOT, family.lost_epoch, false);
    const others = name_of_others(family);
    if (name !== others) {
        if (take_place(family, others)) {
            const [slot, generation] = make(family, name);
            return $multi(slot, generation, slot !== rows.LOST_SLOT);
        }
        const dropped = family.registry.dropped as Family<unknown> | undefined;
        if (dropped !== family) family.registry.dropped?.labels(family.name).inc();
        const [known, known_generation] = rows.find(region, others);
        if (known !== undefined) return $multi(known, known_generation!, false);
    }
    increment(region.names, `series:${family.name}`, 1, 0);
    const [slot, generation] = make(family, others);
    return $multi(slot, generation, name === others && slot !== rows.LOST_SLOT);
}

function rebind(this: Family<unknown>, handle: Handle): void {
    const [slot, generation] = place(this, handle.name);
    handle.slot = slot;
    handle.generation = generation;
}

function misuse(this: Family<unknown>, what: string, value: unknown): void {
    if (is_starting()) error(`metric "${this.name}" ${what} ${tostring(value)}`, 0);
    this.registry.misuses?.labels(this.name).inc();
    const now = ngx.now();
    if (now < this.next_line && this.next_line <= now + SECONDS_BETWEEN_LINES) return;
    this.next_line = now + SECONDS_BETWEEN_LINES;
    ngx.log(ngx.ERR, "metric_registry: ", this.name, " ", what, " ", tostring(value));
}

/** Makes texts of the values; what is wrong with them, or nothing. */
function fault_in(family: Family<unknown>, values: unknown[], count: number): string | undefined {
    const names = family.label_names;
    if (count !== names.length) return `has ${names.length} labels, not`;
    for (const index of $range(1, count)) {
        const value = values[index - 1];
        if (typeof value !== "string") {
            if (type(value) !== "number" && type(value) !== "boolean")
                return `cannot have for label "${names[index - 1]}"`;
            values[index - 1] = tostring(value);
        }
    }
    return undefined;
}

function labels(this: Family<unknown>, ...given: string[]): unknown {
    const count = select("#", ...given);
    const wrong = fault_in(this, given, count);
    if (wrong !== undefined) {
        this.misuse(wrong, count);
        return nowhere(this);
    }
    const values = this.allowed === undefined ? given : allow_list.kept_values(this.allowed, this.label_names, given);
    const key = table.concat(values, "\0");
    const known = this.handles.get(key);
    if (known !== undefined) return known;
    const epoch = rows.epoch(this.registry.region);
    if (this.handles_epoch !== epoch) {
        this.handles = new LuaTable();
        this.handles_epoch = epoch;
    }
    const name = row_name(this, label_text(this.kept_names, values));
    const [slot, generation, is_own] = place(this, name);
    const handle = bind(this, slot, generation, name);
    // Many long or broken values may share one series; to keep each of them would fill the worker's memory.
    if (is_own && are_fitted(values)) this.handles.set(key, handle);
    return handle;
}

const metatable = { __index: { labels, rebind, misuse } };

/** Keeps some labels only. Raises when the list names a label that the family does not have. Phases: init. */
export function allow(family: Family<unknown>, list: AllowList): void {
    const unknown = allow_list.unknown_label(list, family.label_names);
    if (unknown !== undefined) {
        const known = family.label_names.length === 0 ? "none" : table.concat(family.label_names as string[], ", ");
        error(`metrics: "labels.${family.name}": the metric has no label "${unknown}"; its labels are ${known}`, 0);
    }
    family.allowed = list;
    family.kept_names = allow_list.kept_names(list, family.label_names);
}

/** A family whose name, labels and bounds have been looked at. Phases: any. */
function create(
    registry: Registry,
    kind: Kind,
    name: string,
    help: string,
    label_names: readonly string[],
    bounds: readonly number[],
): Family<unknown> {
    const fields = {
        registry,
        name,
        kind,
        help,
        label_names,
        kept_names: label_names,
        allowed: undefined,
        bounds,
        buckets: kind === "histogram" ? prepare(bounds) : undefined,
        handles: new LuaTable(),
        handles_epoch: rows.epoch(registry.region),
        lost_epoch: -1,
        next_line: 0,
    };
    return setmetatable(fields, metatable) as unknown as Family<unknown>;
}
export { create as new };
