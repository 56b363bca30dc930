/** Gauges whose values are computed when the metrics page is read. */
import type { Registry } from "./metric_registry";
import * as metric_registry from "./metric_registry";

/** Writes one sample: its value, and the values of its labels in the order of their names. */
export type Sample = (this: void, value: number, ...label_values: string[]) => void;

/**
 * Adds a family of gauges. `write` is called each time the page is read, and calls `sample` for each series. It may be paused in
 * `sample`, so it must not walk a table with `pairs` that others change meanwhile. What it raises is reported. Phases: init.
 */
export function of(
    registry: Registry,
    name: string,
    help: string,
    label_names: readonly string[],
    write: (this: void, sample: Sample) => void,
): void {
    metric_registry.collect(registry, {
        name,
        kind: "gauge",
        help,
        collect: (emit) => {
            write((value, ...label_values) => emit(metric_registry.label_text(label_names, label_values), value));
        },
    });
}

/** What a family of gauges shows, by registry: one entry for each user, such as each route or sink. */
export type Entries<Entry> = LuaMap<Registry, Entry[]>;

/**
 * Adds an entry to those of a registry. The first one also calls `show`, which adds the families that have a sample for each entry.
 * Phases: init.
 */
export function add<Entry>(
    all: Entries<Entry>,
    registry: Registry,
    entry: Entry,
    show: (this: void, registry: Registry, entries: readonly Entry[]) => void,
): void {
    const known = all.get(registry);
    if (known !== undefined) {
        known.push(entry);
        return;
    }
    const entries = [entry];
    all.set(registry, entries);
    show(registry, entries);
}
