/**
 * Keeps requests from nodes that fail. Each node has one record in the common block, so that all workers agree.
 *
 * phi is the share of late failures, fading with 30 s. After three failures in a row a node is ejected for 5 s, then
 * for 10 s at a time, give or take a tenth so that nodes do not come back in step; when its time is over exactly one
 * request tries it. A success takes it back, and quarters phi. The constants were found by simulating outages of single
 * nodes under load.
 */
/** Slots of the common block that a record takes. */
export const RECORD_SLOTS = 5;

const PHI = 0;
const PHI_TIME = 1;
const CONSECUTIVE = 2;
const EJECTED_UNTIL = 3;
/** Until when one request's verdict is awaited. */
const PROBE_UNTIL = 4;

const FADING_SECONDS = 30;
const STEP = 0.1;
const FORGIVEN = 0.25;
const FAILURES_TO_EJECT = 3;
const FIRST_EJECTION_SECONDS = 5;
const EJECTION_SECONDS = 10;
/** A probe whose worker died never reports; after so long another request may try. */
const PROBE_SECONDS = 30;

/** The share of late failures, 0 to 1. Phases: any. */
export function phi(record: Doubles, now: number): number {
    const value = record.get(PHI);
    if (value < 1e-3) return 0;
    return value * math.exp(-math.max(0, now - record.get(PHI_TIME)) / FADING_SECONDS);
}

function step_phi(record: Doubles, now: number, failed: number): void {
    const faded = record.get(PHI) * math.exp(-math.max(0, now - record.get(PHI_TIME)) / FADING_SECONDS);
    record.set(PHI, faded + STEP * (failed - faded));
    record.set(PHI_TIME, now);
}

/** Learns from a success. Phases: balancer, log. */
export function succeeded(record: Doubles, now: number): void {
    // A node that never fails has nothing to change: the usual case writes nothing.
    if (record.get(PHI) === 0) return;
    step_phi(record, now, 0);
    if (record.get(CONSECUTIVE) >= FAILURES_TO_EJECT) record.set(PHI, record.get(PHI) * FORGIVEN);
    if (record.get(PHI) < 1e-6) record.set(PHI, 0);
    record.set(CONSECUTIVE, 0);
    record.set(PROBE_UNTIL, 0);
}

/** Learns from a failure. `spread`: a random number from 0 to 1. Phases: balancer, log. */
export function failed(record: Doubles, now: number, spread: number): void {
    step_phi(record, now, 1);
    record.set(PROBE_UNTIL, 0);
    // What was sent before the ejection and fails only now is no news.
    if (now < record.get(EJECTED_UNTIL)) return;
    const consecutive = record.get(CONSECUTIVE) + 1;
    record.set(CONSECUTIVE, consecutive);
    if (consecutive < FAILURES_TO_EJECT) return;
    const seconds = consecutive === FAILURES_TO_EJECT ? FIRST_EJECTION_SECONDS : EJECTION_SECONDS;
    record.set(EJECTED_UNTIL, now + seconds * (0.9 + 0.2 * spread));
}

/** Notes that a try told nothing, so that the next request may probe. Phases: balancer, log. */
export function told_nothing(record: Doubles): void {
    record.set(PROBE_UNTIL, 0);
}

/** Whether a node failed three times in a row and has not answered since. Phases: any. */
export function is_ejected(record: Doubles): boolean {
    return record.get(CONSECUTIVE) >= FAILURES_TO_EJECT;
}

/** Whether an ejected node's time is over and no request is trying it yet. Phases: any. */
export function wants_probe(record: Doubles, now: number): boolean {
    if (record.get(CONSECUTIVE) < FAILURES_TO_EJECT) return false;
    const until = record.get(EJECTED_UNTIL);
    // A clock that was set back must not keep a node out for longer than it would have been.
    const is_over = now >= until || until - now > 2 * EJECTION_SECONDS;
    return is_over && now >= record.get(PROBE_UNTIL);
}

/** Seconds until an ejected node may be tried; 0 for any other. Phases: any. */
export function seconds_left(record: Doubles, now: number): number {
    if (!is_ejected(record)) return 0;
    const until = record.get(EJECTED_UNTIL);
    return math.max(0, until - now);
}

/** Notes that one request tries an ejected node. Phases: balancer. */
export function probe(record: Doubles, now: number): void {
    record.set(PROBE_UNTIL, now + PROBE_SECONDS);
}
