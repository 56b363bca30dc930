/** What the status document shows of limits. */
import * as metric_handles from "../core/metrics/metric_handles";
import type { ChangeableRate } from "./changes";
import * as changes from "./changes";
import type { Limit } from "./limits";

/** One limit. The counts are those of all workers since nginx started. */
interface Status {
    /** The present rate of callers without one of their own, such as "10 requests per second"; nothing if they are not limited. */
    readonly rate: string | undefined;
    /** The present rates of classes, likewise. */
    readonly classes: Readonly<Record<string, string>> | undefined;
    /** Whether an operator has changed one of these rates since nginx started. */
    readonly changed: boolean;
    readonly dry_run: boolean;
    readonly accepted: number;
    readonly delayed: number;
    readonly refused: number;
    /** Those that would have been refused, but for `dry_run`. */
    readonly would_refuse: number;
    /** Those that could not be counted. */
    readonly failed: number;
}

function text_of(rate: ChangeableRate | undefined): string | undefined {
    return rate && changes.present(rate).text;
}

function classes_of(by_class: Limit["by_class"]): Record<string, string> | undefined {
    let classes: Record<string, string> | undefined;
    for (const [name, rate] of by_class) {
        classes = classes ?? {};
        classes[name] = changes.present(rate).text;
    }
    return classes;
}

function is_changed({ rate, by_class }: Limit): boolean {
    if (rate !== undefined && changes.is_changed(rate)) return true;
    for (const [, its] of by_class) if (changes.is_changed(its)) return true;
    return false;
}

function status_of(limit: Limit): Status {
    const { counters } = limit;
    return {
        rate: text_of(limit.rate),
        classes: classes_of(limit.by_class),
        changed: is_changed(limit),
        dry_run: limit.is_dry_run,
        accepted: metric_handles.total(counters.ok),
        delayed: metric_handles.total(counters.delayed),
        refused: metric_handles.total(counters.refused),
        would_refuse: metric_handles.total(counters.dry_run),
        failed: metric_handles.total(counters.failed),
    };
}

/** The limits by their names. Phases: any but init. */
export function document(limits: readonly Limit[]): Record<string, Status> {
    const found: Record<string, Status> = {};
    for (const limit of limits) found[limit.name] = status_of(limit);
    return found;
}
