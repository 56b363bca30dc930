/** Answers by class of status. */
import * as numbers from "./number";

export interface Tally {
    /** Since nginx started. */
    readonly totals: LuaTable<string, number>;
    /** Within the window. */
    recent: number;
    recent_errors: number;
}

const CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

/** An empty tally. Phases: any. */
function create(): Tally {
    const totals = new LuaTable<string, number>();
    for (const name of CLASSES) totals.set(name, 0);
    return { totals, recent: 0, recent_errors: 0 };
}
export { create as new };

/** Adds answers of one class; what is no class counts as "other". Phases: any. */
export function add(tally: Tally, status: string | undefined, total: number, recent: number): void {
    const name = status !== undefined && tally.totals.has(status) ? status : "other";
    tally.totals.set(name, tally.totals.get(name) + total);
    tally.recent += recent;
    // What has no status of these classes was never answered.
    if (name === "5xx" || name === "other") tally.recent_errors += recent;
}

/** Whether it holds any answers. Phases: any. */
export function is_used(tally: Tally | undefined): boolean {
    if (tally === undefined) return false;
    for (const [, count] of tally.totals) {
        if (count > 0) return true;
    }
    return false;
}

/** The share of errors within the window; nothing without answers. Phases: any. */
export function error_share(tally: Tally | undefined): number | undefined {
    if (tally === undefined || tally.recent <= 0) return undefined;
    return tally.recent_errors / tally.recent;
}

/** The totals as JSON; `null` for no tally. Phases: any. */
export function text(tally: Tally | undefined): string {
    if (tally === undefined) return "null";
    const fields: string[] = [];
    for (const name of CLASSES) fields.push(`"${name}":${numbers.exact(tally.totals.get(name))}`);
    return `{${table.concat(fields, ",")}}`;
}
