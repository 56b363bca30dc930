/**
 * Families that are created at request time. The first worker to use a name declares it in the shared dict; the declaration binds all
 * others, so no name ever has two kinds.
 */
import type { Family, Kind, Registry } from "../core/metrics/metric_registry";
import * as metric_registry from "../core/metrics/metric_registry";

const NAME_BYTES = 200;
const MOST_LABELS = 16;
/** The key of the list of all declared names. */
const DECLARED = "families";
const HISTOGRAM_LINES = ["_bucket", "_count", "_sum"];

/** Label names in the order in which all workers put them. Phases: any. */
export function sorted(names: readonly string[]): string[] {
    const copy: string[] = [];
    for (const name of names) copy.push(name);
    table.sort(copy);
    return copy;
}

function described(kind: string, label_names: readonly string[]): string {
    return `${kind} ${table.concat(label_names as string[], ",")}`;
}

/** The declaration of a name: that of this worker's family, or of another worker. */
function known_as(registry: Registry, name: string): string | undefined {
    const family = registry.families.get(name);
    if (family !== undefined) return described(family.kind, sorted(family.label_names));
    for (const collector of registry.collectors) {
        if (collector.name === name) return "collected";
    }
    return registry.region.names.get<string>(`family:${name}`)[0];
}

function is_histogram(registry: Registry, name: string): boolean {
    const known = known_as(registry, name);
    return known !== undefined && string.sub(known, 1, 10) === "histogram ";
}

/** Whether the name clashes with the lines of a histogram, in either direction. */
function clashes(registry: Registry, kind: Kind, name: string): boolean {
    for (const lines of HISTOGRAM_LINES) {
        if (kind === "histogram" && known_as(registry, name + lines) !== undefined) return true;
        const stem = string.sub(name, 1, -lines.length - 1);
        if (stem + lines === name && is_histogram(registry, stem)) return true;
    }
    return false;
}

/** What is wrong with the names, or nothing. */
function fault_in(name: string, label_names: readonly string[]): string | undefined {
    if (name.length > NAME_BYTES || !metric_registry.is_metric_name(name)) return "it is not a valid name of a metric";
    if (label_names.length > MOST_LABELS) return `it has over ${MOST_LABELS} labels`;
    for (const label of label_names) {
        if (label.length > NAME_BYTES || !metric_registry.is_label_name(label)) return "a label has an invalid name";
    }
    return undefined;
}

function family(registry: Registry, kind: Kind, name: string, label_names: readonly string[]): Family<unknown> {
    const help = metric_registry.DEFAULT_HELP;
    const make = metric_registry[kind];
    return make(registry, name, help, label_names) as Family<unknown>;
}

/** Declares a name for all workers, unless another worker has done so. Returns the error, if any. */
function add_declaration(registry: Registry, name: string, what: string): string | undefined {
    const names = registry.region.names;
    const [added, err] = names.safe_add(`family:${name}`, what);
    if (added !== true) return err === "exists" ? undefined : err;
    const [listed, list_err] = names.lpush(DECLARED, name);
    if (listed !== undefined) return undefined;
    // Without the list entry `forget` would not find it.
    names.delete(`family:${name}`);
    return list_err;
}

/**
 * The family of that name, created if needed; `label_names` as returned by `sorted`. On failure nil and why: a name is invalid, or declared
 * otherwise. Phases: any.
 */
export function declare(
    registry: Registry,
    kind: Kind,
    name: string,
    label_names: readonly string[],
): Result<Family<unknown>> {
    const wrong = fault_in(name, label_names);
    if (wrong !== undefined) return $multi(undefined, wrong);
    const mine = described(kind, label_names);
    let known = known_as(registry, name);
    if (known === undefined) {
        if (clashes(registry, kind, name)) return $multi(undefined, "a histogram's lines have such a name");
        const err = add_declaration(registry, name, mine);
        if (err !== undefined) return $multi(undefined, err);
        known = registry.region.names.get<string>(`family:${name}`)[0];
    }
    if (known !== mine) return $multi(undefined, `it is "${known}" already, not "${mine}"`);
    return $multi(registry.families.get(name) ?? family(registry, kind, name, label_names));
}

/** Removes all declarations, so that a new configuration may declare names otherwise. Phases: init. */
export function forget(registry: Registry): void {
    const names = registry.region.names;
    let [name] = names.lpop<string>(DECLARED);
    while (name !== undefined) {
        names.delete(`family:${name}`);
        [name] = names.lpop<string>(DECLARED);
    }
}
