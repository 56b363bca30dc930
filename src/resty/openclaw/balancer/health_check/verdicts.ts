/**
 * What the checks of a node have come to: a few numbers in the common block, so that all workers agree and a reload
 * forgets nothing. The worker that leads is the only one to write.
 */

/** How one check ended; "busy" is a node that lives but asks to be left alone. */
export type Verdict = "pass" | "fail" | "busy";

/** What a verdict changed. */
export type Change = "down" | "up" | "recovered";

/** Slots of the common block that a record takes. All zero: a node that has never failed a check. */
export const SLOTS = 4;

const DOWN = 0;
const FAILS_IN_A_ROW = 1;
const PASSES_IN_A_ROW = 2;
/** Whether any check has failed since the node was last found sound. */
const IN_DOUBT = 3;

/** Whether so many checks failed in a row that the node is to get no requests. Phases: any. */
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
    return "down";
}

/**
 * Books a verdict. Returns "down" when it takes the node down, "up" when it brings the node back, "recovered" when the
 * node was up all the while, but so many passes in a row have come after a check that failed; else nothing. Phases: any,
 * in the one worker that leads.
 * @param fails failures in a row that take a node down
 * @param passes passes in a row that bring it back; "busy" counts as one
 */
export function note(record: Doubles, verdict: Verdict, fails: number, passes: number): Change | undefined {
    if (verdict === "fail") return note_failure(record, fails);
    // A node that never fails has nothing to change: the usual case writes nothing.
    if (record.get(IN_DOUBT) === 0) return undefined;
    const in_a_row = record.get(PASSES_IN_A_ROW) + 1;
    record.set(PASSES_IN_A_ROW, in_a_row);
    record.set(FAILS_IN_A_ROW, 0);
    if (in_a_row < passes) return undefined;
    const was_down = is_down(record);
    record.set(DOWN, 0);
    record.set(PASSES_IN_A_ROW, 0);
    record.set(IN_DOUBT, 0);
    return was_down ? "up" : "recovered";
}
