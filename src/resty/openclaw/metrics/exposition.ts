/**
 * Writes all figures of a registry in Prometheus' text format, version 0.0.4.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import * as buffer from "string.buffer";
import type { Faults } from "../fault";
import { DEFAULT_HELP } from "../metric_registry";
import type { Collector, Registry } from "../metric_registry";
import * as catalogues from "../metric_registry/catalogue";
import type { Catalogue, Series, Shape } from "../metric_registry/catalogue";
import { number_text } from "../metric_registry/number_text";
import * as shared_memory from "../shared_memory";

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** So many sums over all workers go out in one piece: about a millisecond. */
const SUMS_AT_ONCE = 500;

/** Takes the next piece of the page; false when nobody wants the rest. */
export type Write = (this: void, piece: string) => boolean;

interface Page {
    readonly text: buffer.Buffer;
    readonly write: Write;
    /** Sums since the last piece went out. */
    sums: number;
    /** Whether somebody wants the rest. */
    wanted: boolean;
}

function send(page: Page): void {
    page.sums = 0;
    page.wanted = page.write(page.text.get());
}

function head(page: Page, name: string, kind: string, help: string): void {
    const escaped = string.gsub(help, "[\\\n]", { "\\": "\\\\", "\n": "\\n" })[0];
    page.text.put("# HELP ", name, " ", escaped, "\n# TYPE ", name, " ", kind, "\n");
}

function sample(page: Page, name: string, labels: string, value: number): void {
    page.text.put(name, labels, " ", number_text(value), "\n");
}

/** A histogram's lines. Count and last bucket are one number, so that they can never contradict each other. */
function histogram(page: Page, registry: Registry, shape: Shape, series: Series): void {
    const name = shape.name;
    const others = series.labels === "" ? "{" : `${string.sub(series.labels, 1, -2)},`;
    let slot = series.slot;
    let count = 0;
    for (const bound of shape.bounds) {
        count += shared_memory.total(registry.region, slot);
        page.text.put(name, "_bucket", others, 'le="', bound, '"} ', number_text(count), "\n");
        slot += 1;
    }
    page.text.put(name, "_sum", series.labels, " ", number_text(shared_memory.total(registry.region, slot)), "\n");
    page.text.put(name, "_count", series.labels, " ", number_text(count), "\n");
    page.sums += shape.bounds.length + 1;
}

function one_series(page: Page, registry: Registry, shape: Shape, series: Series): void {
    if (shape.kind === "histogram") {
        histogram(page, registry, shape, series);
        return;
    }
    const region = registry.region;
    const value = shape.kind === "gauge" ? region.common.get(series.slot) : shared_memory.total(region, series.slot);
    sample(page, shape.name, series.labels, value);
    page.sums += 1;
}

function family(page: Page, registry: Registry, shape: Shape): void {
    const registered = registry.families.get(shape.name);
    head(page, shape.name, shape.kind, registered === undefined ? DEFAULT_HELP : registered.help);
    for (const series of shape.series) {
        if (catalogues.is_current(registry, series)) one_series(page, registry, shape, series);
        if (page.sums >= SUMS_AT_ONCE) send(page);
        if (!page.wanted) return;
    }
}

/** Whether a name is that of lines which a histogram writes, so that a page with both would be refused. */
function is_part_of_histogram(catalogue: Catalogue, name: string): boolean {
    const [base] = string.match(name, "^(.+)_bucket$");
    const [counted] = string.match(name, "^(.+)_count$");
    const [summed] = string.match(name, "^(.+)_sum$");
    const stem = base ?? counted ?? summed;
    return stem !== undefined && catalogues.in_force(catalogue, stem)?.kind === "histogram";
}

function first_collector(registry: Registry, name: string): Collector | undefined {
    for (const collector of registry.collectors) {
        if (collector.name === name) return collector;
    }
    return undefined;
}

/** The figures of all collectors with this one's name, which is the first of them. */
function collected(page: Page, registry: Registry, first: Collector, faults: Faults): void {
    let is_empty = true;
    const emit = (labels: string, value: number): void => {
        if (is_empty) head(page, first.name, first.kind, first.help);
        is_empty = false;
        sample(page, first.name, labels, value);
    };
    for (const collector of registry.collectors) {
        if (collector.name === first.name && collector.kind === first.kind) {
            const [ok, err] = pcall(collector.collect, emit);
            if (!ok) faults.report("collect", collector.name, ": ", err);
        }
    }
}

/**
 * Writes the page, piece by piece. Figures of a name that is registered as something else, or whose name belongs to a
 * collector or a histogram, are left out. Phases: any in which `write` may be called.
 */
export function render(catalogue: Catalogue, faults: Faults, write: Write): void {
    const registry = catalogue.registry;
    const page: Page = { text: buffer.new(), write, sums: 0, wanted: true };
    for (const name of catalogue.names) {
        const shape = catalogues.in_force(catalogue, name);
        const taken = first_collector(registry, name) !== undefined || is_part_of_histogram(catalogue, name);
        if (shape !== undefined && !taken) family(page, registry, shape);
        if (!page.wanted) return;
    }
    for (const collector of registry.collectors) {
        if (first_collector(registry, collector.name) === collector) collected(page, registry, collector, faults);
    }
    send(page);
}
