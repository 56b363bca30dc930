/**
 * Figures with names, in families with labels, as Prometheus knows them. All plugins register theirs here; the
 * metrics plugin shows them.
 *
 * A series' slot name holds all there is to know of it (kind, name, labels, bounds), so any worker can show what any
 * other worker has made, and a figure is found again after a reload.
 */
import * as handles from "./metric_handles";
import type { Counter, Gauge, Histogram } from "./metric_handles";
import { prepare } from "./metric_handles/buckets";
import type { Buckets } from "./metric_handles/buckets";
import * as shared_memory from "./shared_memory";
import type { Region } from "./shared_memory";
import { increment } from "./shared_memory/names";
import * as utf8 from "./utf8";

export type Kind = "counter" | "gauge" | "histogram";

export interface Family<Handle> {
    readonly registry: Registry;
    readonly name: string;
    readonly kind: Kind;
    readonly help: string;
    readonly label_names: readonly string[];
    readonly bounds: readonly number[];
    /** Of a histogram. */
    readonly buckets: Buckets | undefined;
    readonly handles: LuaTable<string, Handle>;
    /**
     * The handle for these label values, in the order of the family's label names. Phases: any. Past the limit of
     * series the handle is that of the series whose label values are all `_other`.
     */
    labels(...values: string[]): Handle;
}

/** Takes one figure; `labels` is made by `label_text`. */
export type Emit = (this: void, labels: string, value: number) => void;

/** A family whose figures are worked out only when somebody looks. */
export interface Collector {
    readonly name: string;
    readonly kind: "counter" | "gauge";
    readonly help: string;
    readonly collect: (this: void, emit: Emit) => void;
}

export interface Registry {
    readonly region: Region;
    readonly families: LuaTable<string, Family<unknown>>;
    readonly collectors: Collector[];
    /** Series each family may have before label values become `_other`. */
    most_series: number;
    dropped?: Family<Counter>;
}

/** Stands for all label values past the limit of series. */
export const OTHER = "_other";

/** Of families that nobody here has described. */
export const DEFAULT_HELP = "No description.";

/** Upper bounds fit for inference, in seconds: 10 ms to 10 minutes. */
export const SECONDS: readonly number[] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

const DEFAULT_MOST_SERIES = 2000;
/** What a label value is cut to. */
export const LABEL_BYTES = 128;
/** As many buckets as fit in the slots that are set aside for lost series. */
export const MOST_BOUNDS = 48;

const registries = new LuaTable<string, Registry>();

/** A label value as it is kept: at most 128 bytes of valid UTF-8. */
function fitted(value: string): string {
    // A little more than the limit first, so that a long value costs no more than a short one.
    const clean = utf8.clean(string.sub(value, 1, LABEL_BYTES + 4));
    // Prometheus takes a zero byte for the end of the page.
    return string.gsub(utf8.cut(clean, LABEL_BYTES), "%z", "?")[0];
}

function escaped(value: string): string {
    return string.gsub(fitted(value), '[\\\n"]', { "\\": "\\\\", "\n": "\\n", '"': '\\"' })[0];
}

/** Whether all values are kept as they are. */
function are_fitted(values: readonly string[]): boolean {
    for (const value of values) {
        if (fitted(value) !== value) return false;
    }
    return true;
}

/**
 * Labels as the exposition format writes them: `{name="value",…}`, or nothing without labels. Values are cut to 128
 * bytes and made valid UTF-8. Phases: any.
 */
export function label_text(names: readonly string[], values: readonly unknown[]): string {
    if (names.length === 0) return "";
    const parts: string[] = [];
    for (const index of $range(1, names.length)) {
        parts.push(`${names[index - 1]}="${escaped(tostring(values[index - 1]))}"`);
    }
    return `{${table.concat(parts, ",")}}`;
}

/** The name of a series' slots; `metrics` reads it back. */
function slot_name(family: Family<unknown>, labels: string): string {
    if (family.kind !== "histogram") return `${family.kind} ${family.name}${labels}`;
    return `${family.kind} ${family.name}${labels} ${table.concat(family.bounds as number[], ",")}`;
}

function slot_count(family: Family<unknown>): number {
    return family.kind === "histogram" ? family.bounds.length + 2 : 1;
}

function bind(family: Family<unknown>, slot: number): unknown {
    const region = family.registry.region;
    if (family.kind === "counter") return handles.counter(region, slot);
    if (family.kind === "gauge") return handles.gauge(region, slot);
    return handles.histogram(region, slot, family.buckets!);
}

/** Whether one more series fits; takes its place if so. */
function has_room(family: Family<unknown>): boolean {
    const names = family.registry.region.names;
    const [count] = increment(names, `series:${family.name}`, 1, 0);
    if (count !== undefined && count <= family.registry.most_series) return true;
    names.incr(`series:${family.name}`, -1);
    return false;
}

/** The label values of the series that takes what is past the limit. */
function others(family: Family<unknown>): string[] {
    const values: string[] = [];
    for (const index of $range(1, family.label_names.length)) values[index - 1] = OTHER;
    return values;
}

/** Where a series that found no place counts, and all new ones of its family from then on in this worker. */
function lost(family: Family<unknown>, err: string): unknown {
    family.registry.region.names.incr(`series:${family.name}`, -1);
    ngx.log(ngx.ERR, "metric_registry: new series of ", family.name, " are not counted: ", err);
    const handle = bind(family, shared_memory.LOST_SLOT);
    family.handles.set("lost", handle);
    return handle;
}

function labels(this: Family<unknown>, ...values: string[]): unknown {
    // A colon in front of each value, so that no values can be taken for the key of the lost ones.
    const key = `:${table.concat(values, "\0")}`;
    const known = this.handles.get(key);
    if (known !== undefined) return known;
    const region = this.registry.region;
    let name = slot_name(this, label_text(this.label_names, values));
    // Many long or broken values may share one series; to keep each of them would fill the worker's memory.
    let keep = are_fitted(values);
    const is_new = region.names.get(`slot:${name}`)[0] === undefined;
    if (is_new && this.handles.has("lost")) return this.handles.get("lost");
    if (is_new && !has_room(this)) {
        keep = false;
        const dropped = this.registry.dropped as Family<unknown> | undefined;
        if (dropped !== this) this.registry.dropped?.labels(this.name).inc();
        name = slot_name(this, label_text(this.label_names, others(this)));
    }
    const [slot, err] = shared_memory.slot(region, name, slot_count(this));
    if (slot === undefined) return lost(this, err);
    const handle = bind(this, slot);
    if (keep) this.handles.set(key, handle);
    return handle;
}

const family_metatable = { __index: { labels } };

function same<T>(left: readonly T[], right: readonly T[]): boolean {
    if (left.length !== right.length) return false;
    for (const index of $range(0, left.length - 1)) {
        if (left[index] !== right[index]) return false;
    }
    return true;
}

/** Whether a word may be the name of a label. `le` is the bound of a histogram's bucket, `__` Prometheus' own. */
export function is_label_name(name: string): boolean {
    const [legal] = string.find(name, "^[%a_][%w_]*$");
    const [reserved] = string.find(name, "^__");
    return legal !== undefined && reserved === undefined && name !== "le";
}

/** Whether a word may be the name of a metric. */
export function is_metric_name(name: string): boolean {
    const [legal] = string.find(name, "^[%a_:][%w_:]*$");
    return legal !== undefined;
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
    const buckets = kind === "histogram" ? prepare(bounds) : undefined;
    const fields = {
        registry,
        name,
        kind,
        help,
        label_names,
        bounds,
        buckets,
        handles: new LuaTable(),
    };
    const made = setmetatable(fields, family_metatable) as unknown as Family<unknown>;
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

/** Adds a family whose figures are worked out when somebody looks. Phases: init. */
export function collect(registry: Registry, collector: Collector): void {
    registry.collectors.push(collector);
}

/** The registry over a shared dict; everybody who names the dict gets the same one. Phases: init. */
export function open(dict_name: string): Registry {
    const known = registries.get(dict_name);
    if (known !== undefined) return known;
    const registry: Registry = {
        region: shared_memory.open(dict_name),
        families: new LuaTable(),
        collectors: [],
        most_series: DEFAULT_MOST_SERIES,
    };
    registry.dropped = counter(
        registry,
        "openclaw_metrics_dropped_labels_total",
        "Times that a metric past its limit of series took _other for its labels.",
        ["metric"],
    );
    registries.set(dict_name, registry);
    return registry;
}
