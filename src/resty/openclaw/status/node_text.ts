/** Nodes as the status page shows them: JSON with its fields always in the same order. */
import * as json from "../core/text/json";
import { POINTS } from "./history";
import type { Figures } from "./node_figures";
import * as numbers from "./number";
import * as tallies from "./tally";

/** What an upstream says of one of its nodes. */
export interface NodeReport {
    readonly address: string;
    readonly state: string;
    /** Why it gets no requests, and in how many seconds it may again. */
    readonly reason?: string | undefined;
    readonly seconds_left?: number | undefined;
    readonly weight: number;
    readonly drain: boolean;
    readonly in_flight: number;
    readonly effective_weight: number;
    readonly service_seconds: number | undefined;
    readonly concurrency: number | undefined;
}

/** An upstream whose nodes are shown; a balancer is one. Its methods never raise. */
export interface Upstream {
    report(): NodeReport[];
    /** Whether its fallback answers now; for those that can tell, and have one. */
    is_degraded?(): boolean | undefined;
}

/** The points of a chart, the oldest first. */
function points_text(points: LuaTable<number, number> | undefined): string {
    if (points === undefined) return "null";
    const texts: string[] = [];
    for (const place of $range(1, POINTS)) texts[place - 1] = numbers.rounded(points.get(place));
    return `[${table.concat(texts, ",")}]`;
}

/** A node. Phases: any. */
export function node(report: NodeReport, figures: Figures, seconds: number): string {
    const { answers } = figures;
    const said = string.format(
        '"address":%s,"state":%s,"reason":%s,"seconds_left":%s,"weight":%s,"drain":%s,"effective_weight":%s,"in_flight":%s,"service_seconds":%s,"concurrency":%s',
        json.short_text(report.address),
        json.short_text(report.state),
        report.reason === undefined ? "null" : json.short_text(report.reason),
        numbers.rounded(report.seconds_left),
        numbers.exact(report.weight),
        tostring(report.drain),
        numbers.rounded(report.effective_weight),
        numbers.exact(report.in_flight),
        numbers.rounded(report.service_seconds),
        numbers.rounded(report.concurrency),
    );
    return string.format(
        '{%s,"tries":%s,"answers":%s,"recent":{"requests_per_second":%s,"error_share":%s,"mean_seconds":%s},"seconds":%s}',
        said,
        numbers.exact(figures.tries),
        tallies.text(answers),
        numbers.rounded(numbers.per_second(figures.recent_tries, seconds)),
        numbers.rounded(tallies.error_share(answers)),
        numbers.rounded(figures.mean_seconds),
        points_text(figures.points),
    );
}
