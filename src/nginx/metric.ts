/**
 * Custom metrics by three functions, from any phase and any worker: `require "nginx.metric"`. The first use of a metric fixes its kind and
 * the names of its labels. Misuse never raises: it is ignored, counted in `openclaw_metrics_misuse_total`, and logged once a minute.
 *
 * Require it in init_by_lua as well, where no other part of the gateway opens the shared dict "openclaw".
 */
import * as fault from "../resty/openclaw/core/metrics/fault";
import type { Counter, Gauge, Histogram } from "../resty/openclaw/core/metrics/metric_handles";
import type { Kind } from "../resty/openclaw/core/metrics/metric_registry";
import * as metric_registry from "../resty/openclaw/core/metrics/metric_registry";
import * as declaration from "../resty/openclaw/metrics/declaration";
import type { HandleTree } from "../resty/openclaw/metrics/handle_tree";
import * as handle_tree from "../resty/openclaw/metrics/handle_tree";

/** Values of labels by name. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

const MOST_METRICS = 500;
/** So many misused metrics are counted by name, the others together. */
const MOST_MISUSED = 100;

const registry = metric_registry.open("openclaw");
if (ngx.get_phase() === "init") declaration.forget(registry);

const faults = fault.new("nginx.metric", registry);
const misused = new LuaSet<string>();
let misused_count = 0;

const metrics = new LuaMap<string, HandleTree>();
let metric_count = 0;

/** The label under which a misuse is counted; bounded, as names may come from outside. */
function misuse_label(name: unknown): string {
    if (typeof name !== "string") return metric_registry.OTHER;
    if (!misused.has(name)) {
        if (misused_count >= MOST_MISUSED) return metric_registry.OTHER;
        misused.add(name);
        misused_count += 1;
    }
    return name;
}

function misuse(kind: string, name: unknown, what: string): undefined {
    registry.misuses!.labels(misuse_label(name)).inc();
    faults.report(kind, string.sub(tostring(name), 1, 200), ": ", what);
    return undefined;
}

/** The names of the labels, sorted; nothing when the labels are no table of named values. */
function names_of(labels: unknown): string[] | undefined {
    const names: string[] = [];
    if (labels === undefined) return names;
    if (type(labels) !== "table") return undefined;
    for (const [name] of pairs(labels as Record<string, unknown>)) {
        if (type(name) !== "string") return undefined;
        names.push(name);
    }
    return declaration.sorted(names);
}

function first_use(kind: Kind, name: unknown, labels: unknown): HandleTree | undefined {
    if (typeof name !== "string") return misuse("name", name, "a metric's name must be a string");
    if (metric_count >= MOST_METRICS) return misuse("name", name, `there are ${MOST_METRICS} metrics already`);
    const names = names_of(labels);
    if (names === undefined) return misuse("labels", name, "labels must be a table of names and values");
    const [family, err] = declaration.declare(registry, kind, name, names);
    if (family === undefined) return misuse("declaration", name, err);
    const tree = handle_tree.new(family, registry.most_series);
    metrics.set(name, tree);
    metric_count += 1;
    return tree;
}

function handle_of(kind: Kind, name: string, labels: unknown): unknown {
    const tree = metrics.get(name) ?? first_use(kind, name, labels);
    if (tree === undefined) return undefined;
    if (tree.family.kind !== kind) return misuse("kind", name, `it is a ${tree.family.kind}, not a ${kind}`);
    const [handle, err] = handle_tree.find(tree, labels);
    if (handle === undefined) return misuse("labels", name, err!);
    return handle;
}

/** Sets a gauge to a number. Phases: any. */
export function set(name: string, value: number, labels?: Labels): void {
    if (type(value) !== "number" || value !== value) {
        misuse("value", name, `cannot be set to ${tostring(value)}`);
        return;
    }
    const gauge = handle_of("gauge", name, labels) as Gauge | undefined;
    if (gauge !== undefined) gauge.set(value);
}

/** Adds to a counter: 1, or a finite number from 0 up. Phases: any. */
export function inc(name: string, by = 1, labels?: Labels): void {
    if (type(by) !== "number" || !(by >= 0 && by < math.huge)) {
        misuse("value", name, `cannot grow by ${tostring(by)}`);
        return;
    }
    const counter = handle_of("counter", name, labels) as Counter | undefined;
    if (counter !== undefined) counter.inc(by);
}

/** Counts a finite number in a histogram; its bounds are fit for seconds, unless it was made otherwise. Phases: any. */
export function observe(name: string, value: number, labels?: Labels): void {
    if (type(value) !== "number" || !(math.abs(value) < math.huge)) {
        misuse("value", name, `cannot count ${tostring(value)}`);
        return;
    }
    const histogram = handle_of("histogram", name, labels) as Histogram | undefined;
    if (histogram !== undefined) histogram.observe(value);
}
