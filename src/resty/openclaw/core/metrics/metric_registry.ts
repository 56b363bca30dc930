/**
 * The registry of metrics: families with labels, as in Prometheus. All plugins register theirs here; the metrics plugin exposes them.
 *
 * The name of a series' row of slots contains kind, name, labels and bounds, so any worker can show series of any other worker, and a
 * series is found again after a reload. Idle series are dropped.
 */
import * as shared_memory from "../memory/shared_memory";
import type { Counter, Gauge, Histogram } from "./metric_handles";
import type { AllowList } from "./metric_registry/allow_list";
import * as allow_list from "./metric_registry/allow_list";
import * as families from "./metric_registry/family";
import * as idle_series from "./metric_registry/idle_series";
import * as labels from "./metric_registry/label_text";
import type { Collector, Family, Kind, Registry } from "./metric_registry/model";

export type { Collector, Emit, Family, Kind, Registry } from "./metric_registry/model";

/** The help of families that this worker has not registered. */
export const DEFAULT_HELP = "No description.";

/** Upper bounds fit for inference, in seconds: 10 ms to 10 minutes. */
export const SECONDS: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export const DEFAULT_MOST_SERIES = 2000;
export const DEFAULT_MOST_VALUES = 100;
export const DEFAULT_IDLE_SECONDS = 86400;
/** As many buckets as fit in the slots that are set aside for lost series. */
export const MOST_BOUNDS = 48;

export const OTHER = allow_list.OTHER;
export const LABEL_BYTES = labels.LABEL_BYTES;
export const label_text = labels.label_text;
export const is_label_name = labels.is_label_name;
export const is_metric_name = labels.is_metric_name;

const registries = new LuaMap<string, Registry>();

function same<T>(left: readonly T[], right: readonly T[]): boolean {
    if (left.length !== right.length) return false;
    for (const index of $range(0, left.length - 1)) {
        if (left[index] !== right[index]) return false;
    }
    return true;
}

/** Applies the option `labels`. Raises in init only: families that are created later come from outside. */
function apply_allow_list(registry: Registry, family: Family<unknown>): void {
    const list = registry.allowed.get(family.name);
    if (list === undefined) return;
    if (ngx.get_phase() !== "init" && allow_list.unknown_label(list, family.label_names) !== undefined) return;
    families.allow(family, list);
}

function family(
    registry: Registry,
    kind: Kind,
    name: string,
    help: string,
    label_names: readonly string[],
    bounds: readonly number[],
): Family<unknown> {
    const known = registry.families.get(name);
    if (known !== undefined) {
        if (known.kind !== kind) error(`metric "${name}" is a ${known.kind} already, it cannot be a ${kind}`, 0);
        if (!same(known.label_names, label_names)) error(`metric "${name}" has other labels already`, 0);
        if (!same(known.bounds, bounds)) error(`metric "${name}" has other bounds already`, 0);
        return known;
    }
    if (!is_metric_name(name)) error(`"${name}" is no name for a metric: letters, digits, "_" and ":" only`, 0);
    for (const label of label_names) {
        if (!is_label_name(label)) error(`metric "${name}": "${label}" is no name for a label`, 0);
    }
    const made = families.new(registry, kind, name, help, label_names, bounds);
    apply_allow_list(registry, made);
    registry.families.set(name, made);
    return made;
}

/** A family of counters; the same one for the same name. Phases: any. Raises when a name is no name, or taken by another kind or other labels. */
export function counter(
    registry: Registry,
    name: string,
    help: string,
    label_names: readonly string[] = [],
): Family<Counter> {
    return family(registry, "counter", name, help, label_names, []) as Family<Counter>;
}

/** A family of gauges. Else as `counter`. */
export function gauge(
    registry: Registry,
    name: string,
    help: string,
    label_names: readonly string[] = [],
): Family<Gauge> {
    return family(registry, "gauge", name, help, label_names, []) as Family<Gauge>;
}

/** A family of histograms. `bounds`: upper bounds, rising and finite, at most 48. Else as `counter`. */
export function histogram(
    registry: Registry,
    name: string,
    help: string,
    label_names: readonly string[] = [],
    bounds: readonly number[] = SECONDS,
): Family<Histogram> {
    if (bounds.length > MOST_BOUNDS) error(`metric "${name}": at most ${MOST_BOUNDS} bounds, got ${bounds.length}`, 0);
    let before = -math.huge;
    for (const bound of bounds) {
        if (!(before < bound && bound < math.huge)) error(`metric "${name}": bounds must rise and be finite`, 0);
        before = bound;
    }
    return family(registry, "histogram", name, help, label_names, bounds) as Family<Histogram>;
}

/**
 * Drops the series with these label values, unless other label values share it. No handle of it may be used any more. Phases: any, in one
 * process at a time.
 */
export function forget(registry: Registry, name: string, ...values: string[]): void {
    const known = registry.families.get(name);
    if (known !== undefined) idle_series.forget(known, values);
}

/**
 * Declares that values of these labels come from outside (a client, a node): each label keeps its first 100 values (`max_values`) as long as
 * series have them; others count as `_other`. Phases: init, before the family has series.
 */
export function from_outside(of: Pick<Family<unknown>, "outside">, label_names: readonly string[]): void {
    const outside = new LuaSet<string>();
    for (const name of label_names) outside.add(name);
    of.outside = outside;
}

/** Adds a family whose values are computed when the page is read. Phases: init. Use `gauges` for gauges. */
export function collect(registry: Registry, collector: Collector): void {
    registry.collectors.push(collector);
}

/**
 * Applies the option `labels` (see docs/metrics.md). Raises when series exist that it would have changed; `path`: the path of the table with
 * the option. Phases: init.
 */
export function allow_labels(registry: Registry, lists: LuaMap<string, AllowList>, path: string): void {
    for (const [name] of lists) {
        const known = registry.families.get(name);
        if (known !== undefined && next(known.handles as unknown as object)[0] !== undefined) {
            error(`${path}.labels.${name} comes too late, as the metric has series: make the metrics first`, 0);
        }
    }
    registry.allowed = lists;
    for (const [, known] of registry.families) apply_allow_list(registry, known);
}

/** The registry of a shared dict; always the same for the same dict. Phases: init. */
export function open(dict_name: string): Registry {
    const known = registries.get(dict_name);
    if (known !== undefined) return known;
    const region = shared_memory.open(dict_name);
    const registry: Registry = {
        region,
        dict_name,
        dict: region.shared ? ngx.shared[dict_name] : undefined,
        families: new LuaMap(),
        collectors: [],
        most_series: DEFAULT_MOST_SERIES,
        most_bytes: undefined,
        missing_bytes: 0,
        next_line: 0 as MonotonicTime,
        most_values: DEFAULT_MOST_VALUES,
        idle_seconds: DEFAULT_IDLE_SECONDS,
        allowed: new LuaMap(),
        row_dropped: [],
    };
    // Created first, while there is memory, as it counts series without memory.
    registry.lost = counter(
        registry,
        "openclaw_metrics_lost_series_total",
        "Times that a series found no memory, so its counts are lost.",
    ).labels();
    registry.dropped = counter(
        registry,
        "openclaw_metrics_dropped_labels_total",
        "Times that a metric used _other for its labels, because a limit of series, values or memory was reached.",
        ["metric"],
    );
    registry.expired = counter(
        registry,
        "openclaw_metrics_expired_series_total",
        "Series that were dropped because they were idle.",
        ["metric"],
    );
    registry.misuses = counter(
        registry,
        "openclaw_metrics_misuse_total",
        "Calls that were ignored because of invalid labels or an invalid value.",
        ["metric"],
    );
    for (const each of [registry.dropped, registry.expired, registry.misuses]) each.is_essential = true;
    idle_series.watch(registry);
    registries.set(dict_name, registry);
    return registry;
}
