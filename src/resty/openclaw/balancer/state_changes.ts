/**
 * How often this worker has changed the state of a peer: marked it as down or up, ejected it, or found it busy. What was computed
 * from the states is valid as long as this number and the time are the same; what other workers change shows a millisecond later.
 */

let changes = 0;

/** Counts a change. Phases: any. */
export function note(): void {
    changes += 1;
}

/** The number of changes so far. Phases: any. */
export function count(): number {
    return changes;
}
