/** Writes all metrics of a registry, in one of the formats of Prometheus. */
import * as buffer from "string.buffer";
import type { Region } from "../core/memory/shared_memory";
import * as shared_memory from "../core/memory/shared_memory";
import { HIGHEST_BLOCK } from "../core/memory/shared_memory/lease";
import type { Faults } from "../core/metrics/fault";
import * as guard from "../core/metrics/guard";
import type { Collector, Kind, Registry } from "../core/metrics/metric_registry";
import { DEFAULT_HELP } from "../core/metrics/metric_registry";
import type { Catalogue, Shape } from "../core/metrics/metric_registry/catalogue";
import * as catalogues from "../core/metrics/metric_registry/catalogue";
import { number_text } from "../core/metrics/metric_registry/number_text";
import type { SeriesList } from "../core/metrics/metric_registry/series_list";
import * as series_list from "../core/metrics/metric_registry/series_list";
import type { Slice } from "../core/time/time_slice";
import * as time_slice from "../core/time/time_slice";
import type { Format } from "./format";

/**
 * A piece of the page takes a millisecond, and at most this much work: each line, and for each number of a line all that are added up in
 * it, one of each worker's block.
 */
const WORK_AT_ONCE = 32768;
const WORK_OF_LINE = 32;

/** Sends the next piece of the page; false when the client is gone. */
export type Write = (this: void, piece: string) => boolean;

interface Page {
    readonly catalogue: Catalogue;
    readonly format: Format;
    readonly text: buffer.Buffer;
    readonly write: Write;
    readonly slice: Slice;
    /** The work of one line. */
    readonly line: number;
    /** Work since the last piece was sent. */
    work: number;
    /** False once the client is gone. */
    wanted: boolean;
}

function send(page: Page): void {
    page.work = 0;
    page.wanted = page.write(page.text.get());
    time_slice.renew(page.slice);
}

function send_if_due(page: Page): void {
    if (page.work >= WORK_AT_ONCE || time_slice.is_over(page.slice)) send(page);
}

function sample(page: Page, name: string, labels: string, value: number): void {
    page.text.put(name, labels, " ", number_text(value), "\n");
    page.work += page.line;
}

/** A series' line, or the one of a histogram's lines that ends in `ending`. */
function line_of_series(
    page: Page,
    name: string,
    ending: string,
    list: SeriesList,
    index: number,
    value: number,
): void {
    page.text.put(name, ending);
    page.text.putcdata(series_list.labels_at(list, index), series_list.label_bytes(list, index));
    page.text.put(" ", number_text(value), "\n");
    page.work += page.line;
}

/** The beginning of a bucket's line, up to its own label. */
function bucket_begins(page: Page, name: string, list: SeriesList, index: number): void {
    const bytes = series_list.label_bytes(list, index);
    page.text.put(name, "_bucket");
    if (bytes === 0) {
        page.text.put("{");
    } else {
        page.text.putcdata(series_list.labels_at(list, index), bytes - 1);
        page.text.put(",");
    }
}

/** A histogram's lines. Count and last bucket are one number, so that they can never contradict each other. */
function histogram(
    page: Page,
    region: Region,
    name: string,
    bounds: readonly string[],
    list: SeriesList,
    index: number,
): void {
    let slot = series_list.slot(list, index);
    let count = 0;
    for (const bound of bounds) {
        count += shared_memory.total(region, slot);
        bucket_begins(page, name, list, index);
        page.text.put('le="', bound, '"} ', number_text(count), "\n");
        slot += 1;
    }
    line_of_series(page, name, "_sum", list, index, shared_memory.total(region, slot));
    line_of_series(page, name, "_count", list, index, count);
    page.work += bounds.length * page.line;
}

function one_series(
    page: Page,
    region: Region,
    shape: Shape,
    bounds: readonly string[],
    list: SeriesList,
    index: number,
): void {
    const { name, kind } = shape;
    if (kind === "histogram") {
        histogram(page, region, name, bounds, list, index);
        return;
    }
    const slot = series_list.slot(list, index);
    const value = kind === "gauge" ? region.common.get(slot) : shared_memory.total(region, slot);
    line_of_series(page, name, "", list, index, value);
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

/** Whether another family has this name, or writes lines with it. */
function is_taken(page: Page, name: string): boolean {
    const catalogue = page.catalogue;
    if (catalogues.in_force(catalogue, name) !== undefined) return true;
    return first_collector(catalogue.registry, name) !== undefined || is_part_of_histogram(catalogue, name);
}

function head(page: Page, name: string, kind: Kind, help: string): void {
    page.format.head(page.text, name, kind, help, (other) => is_taken(page, other));
}

function family(page: Page, registry: Registry, shape: Shape): void {
    const list = shape.series;
    if (list.count === 0) return;
    const { name, kind } = shape;
    const region = registry.region;
    const help = registry.families.get(name)?.help ?? DEFAULT_HELP;
    head(page, name, kind, help);
    const bounds = page.format.bounds(shape.bounds);
    for (const index of $range(0, list.count - 1)) {
        if (series_list.is_current(list, index, region.generations))
            one_series(page, region, shape, bounds, list, index);
        send_if_due(page);
        if (!page.wanted) return;
    }
}

/** Writes the samples of all collectors with the name of this one, which is the first of them. */
function collected(page: Page, registry: Registry, first: Collector, faults: Faults): void {
    let is_empty = true;
    // This may pause within the collector; see `Collector`.
    const emit = (labels: string, value: number): void => {
        if (!page.wanted) return;
        if (is_empty) head(page, first.name, first.kind, first.help);
        is_empty = false;
        sample(page, first.name, labels, value);
        send_if_due(page);
    };
    for (const collector of registry.collectors) {
        if (collector.name === first.name && collector.kind === first.kind) {
            if (!page.wanted) return;
            guard.call_for(faults, "collect", collector.name, collector.collect, emit);
        }
    }
}

/**
 * Writes the page, piece by piece; false when the client is gone. Leaves out series whose name is registered as another kind, or belongs to
 * a collector or a histogram. Phases: any in which `write` may be called.
 */
export function render(catalogue: Catalogue, faults: Faults, format: Format, write: Write): boolean {
    const registry = catalogue.registry;
    const line = WORK_OF_LINE + registry.region.base.get(HIGHEST_BLOCK);
    const page: Page = {
        catalogue,
        format,
        text: buffer.new(),
        write,
        slice: time_slice.begin(),
        line,
        work: 0,
        wanted: true,
    };
    for (const name of catalogue.names) {
        const shape = catalogues.in_force(catalogue, name);
        const taken = first_collector(registry, name) !== undefined || is_part_of_histogram(catalogue, name);
        if (shape !== undefined && !taken) family(page, registry, shape);
        if (!page.wanted) return false;
    }
    for (const collector of registry.collectors) {
        if (first_collector(registry, collector.name) === collector) collected(page, registry, collector, faults);
        if (!page.wanted) return false;
        send_if_due(page);
    }
    page.text.put(format.ending);
    send(page);
    return page.wanted;
}
