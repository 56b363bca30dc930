/** Which series a family has, with their labels as a table: all that the status page needs of the catalogue. */
import table_clear = require("table.clear");
import type { Kind, Registry } from "../core/metrics/metric_registry";
import type { Catalogue } from "../core/metrics/metric_registry/catalogue";
import * as catalogues from "../core/metrics/metric_registry/catalogue";
import type { SeriesList } from "../core/metrics/metric_registry/series_list";
import * as series_list from "../core/metrics/metric_registry/series_list";

export type Labels = Readonly<Record<string, string | undefined>>;

/** The series of one name, all of one kind and with the same bounds. */
export interface Family {
    readonly kind: Kind;
    /** Of a histogram; one less than it has buckets. */
    readonly bounds: readonly number[];
    readonly bounds_text: string;
    readonly series: SeriesList;
}

export type Index = Catalogue;

const ESCAPED = { "\\n": "\n", '\\"': '"', "\\\\": "\\" };

/** Undoes `metric_registry.label_text`. Phases: any. */
export function read_labels(text: string): Labels {
    const labels: Record<string, string> = {};
    let at = 2;
    while (true) {
        const [, start, name] = string.find(text, '^([%w_]+)="', at);
        if (start === undefined) return labels;
        let closing = start + 1;
        // An escaped quote does not close the value.
        while (true) {
            const [found] = string.find(text, '["\\]', closing);
            if (found === undefined) return labels;
            closing = found;
            if (string.byte(text, found) !== string.byte("\\")) break;
            closing += 2;
        }
        labels[name as string] = string.gsub(string.sub(text, start + 1, closing - 1), "\\.", ESCAPED)[0];
        at = closing + 2;
    }
}

const MOST_KNOWN = 20000;
const known_labels = new LuaMap<string, Labels>();
let known_count = 0;

/** As `read_labels`, for those of a series: they are kept, so that reading them again is one look-up. */
export function labels_of(text: string): Labels {
    const known = known_labels.get(text);
    if (known !== undefined) return known;
    if (known_count === MOST_KNOWN) {
        table_clear(known_labels);
        known_count = 0;
    }
    const labels = read_labels(text);
    known_labels.set(text, labels);
    known_count += 1;
    return labels;
}

const no_bounds: number[] = [];
const bounds_by_text = new LuaMap<string, number[]>();

function bounds_of(text: string): readonly number[] {
    if (text === "") return no_bounds;
    const known = bounds_by_text.get(text);
    if (known !== undefined) return known;
    const bounds: number[] = [];
    for (const [bound] of string.gmatch(text, "[^,]+")) bounds.push(tonumber(bound)!);
    bounds_by_text.set(text, bounds);
    return bounds;
}

/** The family in force under a name; nothing where nobody counts under it. Phases: any. */
export function family(index: Index, name: string): Family | undefined {
    const shape = catalogues.in_force(index, name);
    if (shape === undefined) return undefined;
    return {
        kind: shape.kind,
        bounds: bounds_of(shape.bounds_text),
        bounds_text: shape.bounds_text,
        series: shape.series,
    };
}

/** Whether a series still has its slots: to be asked again after each yield. Phases: any. */
export function is_current(index: Index, family: Family, place: number): boolean {
    return series_list.is_current(family.series, place, index.registry.region.generations);
}

/** The labels of a series. Phases: any. */
export function labels_at(family: Family, place: number): Labels {
    return labels_of(series_list.labels(family.series, place));
}

/** Adds the series that are new. Calls `yield_if_due` between small pieces of work. */
export function refresh(index: Index, yield_if_due: (this: void) => void): void {
    catalogues.refresh(index, yield_if_due);
}

/** The index of a registry's series. Phases: any. */
export function of(registry: Registry): Index {
    return catalogues.of(registry);
}
