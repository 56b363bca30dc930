/** What operators see of limits, and change. */
import * as names from "../config/names";
import type { ChangeableRate } from "./changes";
import * as changes from "./changes";
import type { Limit } from "./limits";

interface RateReport {
    /** Requests or tokens. */
    readonly amount: number;
    readonly burst: number;
    /** Requests of the burst that are not delayed; nothing where none waits. */
    readonly delay: number | undefined;
    readonly is_changed: boolean;
}

interface ClassReport extends RateReport {
    readonly name: string;
}

export interface Report {
    readonly name: string;
    readonly by: string;
    readonly unit: "requests" | "tokens";
    readonly per: string;
    /** Nothing where only API keys have rates. */
    readonly rate: RateReport | undefined;
    readonly classes: readonly ClassReport[];
    readonly store: string;
    readonly is_dry_run: boolean;
}

/** Whether a rate was changed; where there is one, why not. */
export type Changed = LuaMultiReturn<[is_changed: boolean, err?: string]>;

/** A change; what is absent stays as it is. */
export interface Patch {
    /** Requests or tokens. */
    readonly amount: number | undefined;
    readonly burst: number | undefined;
}

function rate_report(rate: ChangeableRate, is_of_tokens: boolean, delay: number | undefined): RateReport {
    const { requests, capacity } = changes.present(rate);
    const burst = is_of_tokens ? capacity : capacity - 1;
    return { amount: requests, burst, delay, is_changed: changes.is_changed(rate) };
}

function report_of(limit: Limit): Report {
    const { name, options, rate, by_class, is_dry_run } = limit;
    const is_of_tokens = limit.budget !== undefined;
    const classes: ClassReport[] = [];
    for (const its_class of names.sorted(by_class)) {
        const its_delay = options.class!.get(its_class).delay ?? options.delay;
        const { amount, burst, delay, is_changed } = rate_report(by_class.get(its_class), is_of_tokens, its_delay);
        classes.push({ name: its_class, amount, burst, delay, is_changed });
    }
    return {
        name,
        by: options.by,
        unit: is_of_tokens ? "tokens" : "requests",
        per: options.per,
        rate: rate && rate_report(rate, is_of_tokens, options.delay),
        classes,
        store: options.store,
        is_dry_run,
    };
}

/** What the limits are like now. Phases: any. */
export function report(limits: readonly Limit[]): Report[] {
    const found: Report[] = [];
    for (const limit of limits) found.push(report_of(limit));
    return found;
}

function find(limits: readonly Limit[], name: string, its_class: string | undefined): ChangeableRate | undefined {
    for (const limit of limits) {
        if (limit.name === name) {
            return its_class === undefined ? limit.rate : (limit.by_class.get(its_class) as ChangeableRate | undefined);
        }
    }
    return undefined;
}

/**
 * Changes the rate of a limit, or of a class of its callers, for all workers; without a patch it is as configured again. Returns false
 * if there is no such rate, or with why it was not stored. Phases: those that may yield.
 */
export function change(
    limits: readonly Limit[],
    name: string,
    its_class: string | undefined,
    patch: Patch | undefined,
): Changed {
    const rate = find(limits, name, its_class);
    if (rate === undefined) return $multi(false);
    const err = patch === undefined ? changes.take_back(rate) : changes.change(rate, patch.amount, patch.burst);
    return $multi(err === undefined, err!);
}
