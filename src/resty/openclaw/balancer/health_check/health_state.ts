/**
 * The health of a peer by its checks: a record in the common block, so that all workers agree and it survives a reload. Only the
 * leader writes to it.
 */

import * as state_changes from "../state_changes";

/** How one check ended. "busy": the node is up, but has no room. */
export type CheckResult = "pass" | "fail" | "busy";

/** What the result of a check changed. */
export type Change = "down" | "up" | "recovered";

/** Slots of the common block that a record takes. All zero: a node that has never failed a check. */
export const SLOTS = 4;

const DOWN = 0;
const FAILS_IN_A_ROW = 1;
const PASSES_IN_A_ROW = 2;
/** Whether a check has failed and enough passes have not followed yet. */
const IN_DOUBT = 3;

/** Whether the checks have marked the node as down: it gets no requests. Phases: any. */
export function is_down(record: Doubles): boolean {
    return record.get(DOWN) !== 0;
}

function note_failure(record: Doubles, fails: number): Change | undefined {
    const in_a_row = record.get(FAILS_IN_A_ROW) + 1;
    record.set(FAILS_IN_A_ROW, in_a_row);
    record.set(PASSES_IN_A_ROW, 0);
    record.set(IN_DOUBT, 1);
    if (is_down(record) || in_a_row < fails) return undefined;
    record.set(DOWN, 1);
    state_changes.note();
    return "down";
}

/**
 * Records the result of a check. Returns "down" if it marks the node as down; "up" if it marks it as up again; "recovered" if the
 * node was not down, but enough passes have followed a failed check; else nothing. Phases: any, in the leader.
 * @param fails failures in a row that mark a node as down
 * @param passes passes in a row that mark it as up; "busy" counts as one
 */
export function note(record: Doubles, result: CheckResult, fails: number, passes: number): Change | undefined {
    if (result === "fail") return note_failure(record, fails);
    // The usual case, a node that never fails, writes nothing.
    if (record.get(IN_DOUBT) === 0) return undefined;
    const in_a_row = record.get(PASSES_IN_A_ROW) + 1;
    record.set(PASSES_IN_A_ROW, in_a_row);
    record.set(FAILS_IN_A_ROW, 0);
    if (in_a_row < passes) return undefined;
    const was_down = is_down(record);
    record.set(DOWN, 0);
    state_changes.note();
    record.set(PASSES_IN_A_ROW, 0);
    record.set(IN_DOUBT, 0);
    return was_down ? "up" : "recovered";
}
