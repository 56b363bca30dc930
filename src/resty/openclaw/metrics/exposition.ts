/** Writes all figures of a registry, in one of the formats that Prometheus reads. */
import * as buffer from "string.buffer";
import type { Faults } from "../fault";
import { DEFAULT_HELP } from "../metric_registry";
import type { Collector, Kind, Registry } from "../metric_registry";
import * as catalogues from "../metric_registry/catalogue";
import type { Catalogue, Series, Shape } from "../metric_registry/catalogue";
import { number_text } from "../metric_registry/number_text";
import * as shared_memory from "../shared_memory";
import { HIGHEST_BLOCK } from "../shared_memory/lease";
import type { Format } from "./format";

/**
 * A piece of the page is this much work, about a millisecond: each line, and for each number of a line all that are
 * added up in it, one of each worker's block.
 */
const WORK_AT_ONCE = 32768;
const WORK_OF_LINE = 32;

/** Takes the next piece of the page; false when nobody wants the rest. */
export type Write = (this: void, piece: string) => boolean;

interface Page {
    readonly catalogue: Catalogue;
    readonly format: Format;
    readonly text: buffer.Buffer;
    readonly write: Write;
    /** What a line costs. */
    readonly line: number;
    /** Done since the last piece went out. */
    work: number;
    /** Whether somebody wants the rest. */
    wanted: boolean;
}

function send(page: Page): void {
    page.work = 0;
    page.wanted = page.write(page.text.get());
}

function sample(page: Page, name: string, labels: string, value: number): void {
    page.text.put(name, labels, " ", number_text(value), "\n");
    page.work += page.line;
}

/** A histogram's lines. Count and last bucket are one number, so that they can never contradict each other. */
function histogram(page: Page, registry: Registry, name: string, bounds: readonly string[], series: Series): void {
    const others = series.labels === "" ? "{" : `${string.sub(series.labels, 1, -2)},`;
    let slot = series.slot;
    let count = 0;
    for (const bound of bounds) {
        count += shared_memory.total(registry.region, slot);
        page.text.put(name, "_bucket", others, 'le="', bound, '"} ', number_text(count), "\n");
        slot += 1;
    }
    page.text.put(name, "_sum", series.labels, " ", number_text(shared_memory.total(registry.region, slot)), "\n");
    page.text.put(name, "_count", series.labels, " ", number_text(count), "\n");
    page.work += (bounds.length + 1) * page.line;
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

/** Whether a family other than the one at hand goes by a name, or writes lines of that name. */
function is_taken(page: Page, name: string): boolean {
    const catalogue = page.catalogue;
    if (catalogues.in_force(catalogue, name) !== undefined) return true;
    return first_collector(catalogue.registry, name) !== undefined || is_part_of_histogram(catalogue, name);
}

function head(page: Page, name: string, kind: Kind, help: string): void {
    page.format.head(page.text, name, kind, help, (other) => is_taken(page, other));
}

function family(page: Page, registry: Registry, shape: Shape): void {
    if (shape.series.length === 0) return;
    const { name, kind } = shape;
    const region = registry.region;
    const help = registry.families.get(name)?.help ?? DEFAULT_HELP;
    head(page, name, kind, help);
    const bounds = page.format.bounds(shape.bounds);
    for (const series of shape.series) {
        if (catalogues.is_current(registry, series)) {
            if (kind === "histogram") histogram(page, registry, name, bounds, series);
            else if (kind === "gauge") sample(page, name, series.labels, region.common.get(series.slot));
            else sample(page, name, series.labels, shared_memory.total(region, series.slot));
        }
        if (page.work >= WORK_AT_ONCE) send(page);
        if (!page.wanted) return;
    }
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
 * Writes the page, piece by piece; false when nobody wanted the rest. Figures of a name that is registered as something
 * else, or whose name belongs to a collector or a histogram, are left out. Phases: any in which `write` may be called.
 */
export function render(catalogue: Catalogue, faults: Faults, format: Format, write: Write): boolean {
    const registry = catalogue.registry;
    const line = WORK_OF_LINE + registry.region.base.get(HIGHEST_BLOCK);
    const page: Page = { catalogue, format, text: buffer.new(), write, line, work: 0, wanted: true };
    for (const name of catalogue.names) {
        const shape = catalogues.in_force(catalogue, name);
        const taken = first_collector(registry, name) !== undefined || is_part_of_histogram(catalogue, name);
        if (shape !== undefined && !taken) family(page, registry, shape);
        if (!page.wanted) return false;
    }
    for (const collector of registry.collectors) {
        if (first_collector(registry, collector.name) === collector) collected(page, registry, collector, faults);
        if (page.work >= WORK_AT_ONCE) send(page);
        if (!page.wanted) return false;
    }
    page.text.put(format.ending);
    send(page);
    return page.wanted;
}
