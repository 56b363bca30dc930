/** Limits the lines of all workers per minute, and counts those that were left out. */
import type { Names } from "../core/memory/shared_memory/names";
import { increment } from "../core/memory/shared_memory/names";

export interface Limit {
    readonly names: Names;
    readonly lines_per_minute: number;
}

const LINES = "slow_log:lines";
const LEFT_OUT = "slow_log:left_out";
const MINUTE = 60;

/**
 * Counts a line; false when the limit of this minute is reached, nil and why when the dict has no memory. A minute begins with its first
 * line. Phases: any.
 */
export function take(limit: Limit): Result<boolean> {
    const names = limit.names;
    let [lines] = names.incr(LINES, 1);
    if (lines === undefined) {
        // One of the workers that get here at the same time begins the minute; all count in it.
        const [begun, why] = names.safe_add(LINES, 0, MINUTE);
        if (begun !== true && why !== "exists") return $multi(undefined, why ?? "unknown");
        const [first, err] = names.incr(LINES, 1);
        if (first === undefined) return $multi(undefined, err);
        lines = first;
    }
    return $multi(lines <= limit.lines_per_minute);
}

/** Notes that a line was left out. Phases: any. */
export function leave_out(limit: Limit): void {
    increment(limit.names, LEFT_OUT, 1, 0);
}

/** How many lines were left out since the last call in any worker. Phases: any. */
export function take_left_out(limit: Limit): number {
    const [count] = limit.names.get<number>(LEFT_OUT);
    if (count === undefined || count <= 0) return 0;
    const [rest] = limit.names.incr(LEFT_OUT, -count);
    if (rest !== undefined && rest >= 0) return count;
    // Another worker was quicker, and its line has them.
    limit.names.incr(LEFT_OUT, count);
    return 0;
}
