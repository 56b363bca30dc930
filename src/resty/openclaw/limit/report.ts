/** What the status document shows of limits. */
import * as metric_handles from "../core/metrics/metric_handles";
import type { Limit } from "./limits";

/** One limit. The counts are those of all workers since nginx started. */
interface Report {
    /** Of callers without a rate of their own, such as "10 requests per second"; nothing if they are not limited. */
    readonly rate: string | undefined;
    /** The rates of classes, likewise. */
    readonly classes: Readonly<Record<string, string>> | undefined;
    readonly dry_run: boolean;
    readonly accepted: number;
    readonly delayed: number;
    readonly refused: number;
    /** Those that would have been refused, but for `dry_run`. */
    readonly would_refuse: number;
    /** Those that could not be counted. */
    readonly failed: number;
}

/** The limits of a route by their names. */
export type Document = Record<string, Report>;

function classes_of(by_class: Limit["by_class"]): Record<string, string> | undefined {
    let classes: Record<string, string> | undefined;
    for (const [name, rate] of by_class) {
        classes = classes ?? {};
        classes[name] = rate.text;
    }
    return classes;
}

function report_of(limit: Limit): Report {
    const { counters } = limit;
    return {
        rate: limit.rate?.text,
        classes: classes_of(limit.by_class),
        dry_run: limit.is_dry_run,
        accepted: metric_handles.total(counters.ok),
        delayed: metric_handles.total(counters.delayed),
        refused: metric_handles.total(counters.refused),
        would_refuse: metric_handles.total(counters.dry_run),
        failed: metric_handles.total(counters.failed),
    };
}

/** Adds these limits. Phases: any but init. */
export function add(document: Document, limits: readonly Limit[]): void {
    for (const limit of limits) document[limit.name] = report_of(limit);
}
