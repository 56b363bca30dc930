/** One metric: the handles of its series by their labels, and the handling of misuse. */
import * as rows from "../../memory/shared_memory/rows";
import * as clock from "../../time/clock";
import type { Handle } from "../metric_handles";
import * as handles from "../metric_handles";
import { prepare } from "../metric_handles/buckets";
import type { AllowList } from "./allow_list";
import * as allow_list from "./allow_list";
import { are_fitted, label_text } from "./label_text";
import type { Family, Kind, Registry } from "./model";
import * as outside_values from "./outside_values";
import * as series from "./series";

const SECONDS_BETWEEN_LINES = 60;

function bind(family: Family<unknown>, slot: number, generation: number, name: string): Handle {
    const region = family.registry.region;
    if (family.kind === "counter") return handles.counter(region, slot, generation, name, family);
    if (family.kind === "gauge") return handles.gauge(region, slot, generation, name, family);
    return handles.histogram(region, slot, family.buckets!, generation, name, family);
}

/** A handle for misused labels: what it counts is not exposed. */
function nowhere(family: Family<unknown>): Handle {
    const region = family.registry.region;
    if (family.kind === "counter") return handles.counter(region, rows.LOST_SLOT);
    if (family.kind === "gauge") return handles.gauge(region, rows.LOST_SLOT);
    return handles.histogram(region, rows.LOST_SLOT, family.buckets!);
}

function rebind(this: Family<unknown>, handle: Handle): void {
    const [slot, generation] = series.place(this, handle.name);
    handle.slot = slot;
    handle.generation = generation;
}

function misuse(this: Family<unknown>, what: string, value: unknown): void {
    if (series.is_starting()) error(`metric "${this.name}" ${what} ${tostring(value)}`, 0);
    this.registry.misuses?.labels(this.name).inc();
    const now = clock.now();
    if (now < this.next_line) return;
    this.next_line = later(now, SECONDS_BETWEEN_LINES);
    ngx.log(ngx.ERR, "metric_registry: ", this.name, " ", what, " ", tostring(value));
}

/** Converts the values to strings. Returns what is wrong, and the value; or nothing. */
function fault_in(
    family: Family<unknown>,
    values: unknown[],
    count: number,
): LuaMultiReturn<[what?: string, given?: unknown]> {
    const names = family.label_names;
    if (count !== names.length) return $multi(`has ${names.length} labels, not`, count);
    for (const index of $range(1, count)) {
        const value = values[index - 1];
        if (typeof value !== "string") {
            const is_simple = type(value) === "number" || type(value) === "boolean";
            if (!is_simple) return $multi(`needs a string for its label "${names[index - 1]}", got`, value);
            values[index - 1] = tostring(value);
        }
    }
    return $multi();
}

function labels(this: Family<unknown>, ...given: string[]): unknown {
    const count = select("#", ...given);
    const [wrong, what] = fault_in(this, given, count);
    if (wrong !== undefined) {
        this.misuse(wrong, what);
        return nowhere(this);
    }
    let values: readonly string[] = given;
    if (this.allowed !== undefined) values = allow_list.kept_values(this.allowed, this.label_names, given);
    let key = table.concat(values as string[], "\0");
    let known = this.handles.get(key) as Handle | undefined;
    if (known === undefined && this.outside !== undefined) {
        values = outside_values.fit(this, values);
        key = table.concat(values as string[], "\0");
        known = this.handles.get(key) as Handle | undefined;
    }
    if (known !== undefined) {
        // Its series may have been dropped; asking for the handle brings it back to the page.
        if (this.registry.region.generations.get(known.slot) !== known.generation) this.rebind(known);
        return known;
    }
    const epoch = rows.epoch(this.registry.region);
    if (this.handles_epoch !== epoch) {
        this.handles = new LuaMap();
        this.handles_epoch = epoch;
    }
    const name = series.name_of(this, label_text(this.kept_names, values));
    const [slot, generation, is_own] = series.place(this, name);
    const handle = bind(this, slot, generation, name);
    // Many long or invalid values may share one series; caching each of them would fill the memory of the worker.
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

/** A family whose name, labels and bounds are valid. Phases: any. */
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
        is_essential: false,
        outside: undefined,
        bounds,
        buckets: kind === "histogram" ? prepare(bounds) : undefined,
        handles: new LuaMap<string, unknown>(),
        handles_epoch: rows.epoch(registry.region),
        lost_epoch: -1,
        next_line: 0 as MonotonicTime,
    };
    return setmetatable(fields, metatable);
}
export { create as new };
