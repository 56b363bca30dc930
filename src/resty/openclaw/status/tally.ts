/** Responses by class of status code. */
import { exact, object } from "../core/text/json/shapes";
import type { Answers } from "./document";

export interface Tally {
    /** Since nginx started. */
    readonly totals: Answers;
    /** Within the window. */
    recent: number;
    recent_errors: number;
}

/** How the totals are written. */
export const ANSWERS = object<Answers>()(
    ["1xx", exact],
    ["2xx", exact],
    ["3xx", exact],
    ["4xx", exact],
    ["5xx", exact],
    ["other", exact],
);

/** An empty tally. Phases: any. */
function create(): Tally {
    const totals = { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0, other: 0 };
    return { totals, recent: 0, recent_errors: 0 };
}
export { create as new };

/** Adds responses of one class; what is no class counts as "other". Phases: any. */
export function add(tally: Tally, status: string | undefined, total: number, recent: number): void {
    const totals = tally.totals as unknown as LuaMap<string, number>;
    const name = status !== undefined && totals.has(status) ? status : "other";
    totals.set(name, (totals.get(name) ?? 0) + total);
    tally.recent += recent;
    // What has no status of these classes was never answered.
    if (name === "5xx" || name === "other") tally.recent_errors += recent;
}

/** Whether it holds any responses. Phases: any. */
export function is_used(tally: Tally | undefined): boolean {
    if (tally === undefined) return false;
    for (const [, count] of pairs(tally.totals)) {
        if (count > 0) return true;
    }
    return false;
}

/** The share of errors within the window; nothing without responses. Phases: any. */
export function error_share(tally: Tally | undefined): number | undefined {
    if (tally === undefined || tally.recent <= 0) return undefined;
    return tally.recent_errors / tally.recent;
}
