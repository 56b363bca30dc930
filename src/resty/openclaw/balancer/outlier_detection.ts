/**
 * Outlier detection: stops sending requests to peers whose requests fail. Each peer has one record in the common block, so
 * all workers agree. All moments are monotonic.
 *
 * phi is the share of recent failures; it fades with a time constant of 30 s. Three failures in a row eject a peer for 5 s,
 * and each further failure for 10 s, plus or minus a tenth so that peers do not come back at the same moment. Once that time is
 * over exactly one request probes the peer. A success ends the ejection and quarters phi. The constants were found by simulating
 * outages of single nodes under load. A busy peer gets no requests for as long as it asks for; that is no failure.
 *
 * A failure may be caused by the request instead of the peer. So failures with a suspect eject only if two clients had them, or
 * two different requests where no other client uses the upstream, or if they go on for 5 s.
 */

import * as state_changes from "./state_changes";

/** The sender of a failed request, which may be the cause instead of the peer. */
export interface Suspect {
    /** A number for the client, and one for the content of its request, both above 0. */
    readonly client: number;
    readonly request: number;
    /** Whether other clients use the upstream too. */
    readonly has_other_clients: boolean;
}

/** Slots of the common block that a record takes. */
export const SLOTS = 10;

const PHI = 0;
/** When phi was last updated. */
const PHI_TIME = 1;
const CONSECUTIVE_FAILURES = 2;
/** 0 unless ejected. */
const EJECTED_UNTIL = 3;
/** Until when the result of a probe is awaited. */
const PROBE_UNTIL = 4;
const BUSY_UNTIL = 5;
/** Of the consecutive failures: when the first one was, and the client and request that had them, or SEVERAL. */
const FAILING_SINCE = 6;
const CLIENT = 7;
const REQUEST = 8;
/** Probes by subrequests since the last known result: their successes are never reported. */
const UNREPORTED_PROBES = 9;

const SEVERAL = -1;

const FADING_SECONDS = 30;
const STEP = 0.1;
/** What a success that ends an ejection leaves of phi. */
const SHARE_AFTER_RECOVERY = 0.25;
const FAILURES_TO_EJECT = 3;
/** Consecutive failures over so many seconds are caused by the peer, whoever had them. */
const FAILING_SECONDS = 5;
const FIRST_EJECTION_SECONDS = 5;
const EJECTION_SECONDS = 10;
/** A probe whose worker died never reports a result; after so many seconds another request may probe. */
const PROBE_SECONDS = 30;
/** How long the failure of a probe is awaited if its success is never reported. */
const UNREPORTED_PROBE_SECONDS = 5;
/** How long a busy peer gets no requests if it does not say how long, and at most. */
const BUSY_SECONDS = 1;
const MOST_BUSY_SECONDS = 60;

/** A number that is not worth computing with. */
const NEARLY_ZERO = 1e-6;

function faded_phi(record: Doubles, now: MonotonicTime): number {
    // The clock of the worker that wrote last may be some milliseconds ahead.
    const seconds = math.max(0, now - record.get(PHI_TIME));
    return record.get(PHI) * math.exp(-seconds / FADING_SECONDS);
}

/** The share of recent failures, 0 to 1. Phases: any. */
export function phi(record: Doubles, now: MonotonicTime): number {
    if (record.get(PHI) < 1e-3) return 0;
    const faded = faded_phi(record, now);
    return faded;
}

/** Seconds until an ejected peer may be probed; 0 for any other. Phases: any. */
export function seconds_ejected(record: Doubles, now: MonotonicTime): number {
    const left = record.get(EJECTED_UNTIL) - now;
    return left < 0 ? 0 : left;
}

/** Seconds for which a busy peer gets no requests; 0 for any other. Phases: any. */
export function seconds_busy(record: Doubles, now: MonotonicTime): number {
    const left = record.get(BUSY_UNTIL) - now;
    return left < 0 ? 0 : left;
}

/** Whether a peer was ejected and has not answered well since, even if its time is over. Phases: any. */
export function is_ejected(record: Doubles): boolean {
    return record.get(EJECTED_UNTIL) !== 0;
}

/** Updates phi. `failed`: 1 for a failure, 0 for a success. */
function step_phi(record: Doubles, now: MonotonicTime, failed: number): void {
    const faded = faded_phi(record, now);
    record.set(PHI, faded + STEP * (failed - faded));
    record.set(PHI_TIME, now);
}

/** Records a success. Phases: balancer, log. */
export function succeeded(record: Doubles, now: MonotonicTime): void {
    // The usual case, a peer that never fails, writes nothing.
    if (record.get(PHI) === 0) return;
    step_phi(record, now, 0);
    if (record.get(EJECTED_UNTIL) !== 0) record.set(PHI, record.get(PHI) * SHARE_AFTER_RECOVERY);
    if (record.get(PHI) < NEARLY_ZERO) record.set(PHI, 0);
    record.set(CONSECUTIVE_FAILURES, 0);
    record.set(EJECTED_UNTIL, 0);
    record.set(PROBE_UNTIL, 0);
    record.set(UNREPORTED_PROBES, 0);
}

/** Records who had a failure. */
function note_suspect(record: Doubles, now: MonotonicTime, suspect: Suspect | undefined): void {
    const client = suspect === undefined ? SEVERAL : suspect.client;
    const request = suspect === undefined ? SEVERAL : suspect.request;
    if (record.get(CONSECUTIVE_FAILURES) === 0) {
        record.set(FAILING_SINCE, now);
        record.set(CLIENT, client);
        record.set(REQUEST, request);
        return;
    }
    if (record.get(CLIENT) !== client) record.set(CLIENT, SEVERAL);
    if (record.get(REQUEST) !== request) record.set(REQUEST, SEVERAL);
}

/** Whether the peer is the cause of the consecutive failures. */
function is_caused_by_peer(record: Doubles, now: MonotonicTime, has_other_clients: boolean): boolean {
    if (record.get(CLIENT) === SEVERAL || now - record.get(FAILING_SINCE) >= FAILING_SECONDS) return true;
    return !has_other_clients && record.get(REQUEST) === SEVERAL;
}

function eject(record: Doubles, now: MonotonicTime, spread: number): void {
    state_changes.note();
    const seconds = record.get(EJECTED_UNTIL) === 0 ? FIRST_EJECTION_SECONDS : EJECTION_SECONDS;
    record.set(EJECTED_UNTIL, later(now, seconds * (0.9 + 0.2 * spread)));
}

/**
 * Records a failure. Phases: balancer, log.
 * @param spread a random number from 0 to 1
 * @param suspect the sender, unless the peer is certainly the cause
 */
export function failed(record: Doubles, now: MonotonicTime, spread: number, suspect?: Suspect): void {
    step_phi(record, now, 1);
    record.set(PROBE_UNTIL, 0);
    record.set(UNREPORTED_PROBES, 0);
    // The request was sent before the peer was ejected.
    if (seconds_ejected(record, now) > 0) return;
    note_suspect(record, now, suspect);
    record.set(CONSECUTIVE_FAILURES, record.get(CONSECUTIVE_FAILURES) + 1);
    if (record.get(CONSECUTIVE_FAILURES) < FAILURES_TO_EJECT) return;
    if (is_ejected(record) || is_caused_by_peer(record, now, suspect?.has_other_clients === true)) {
        eject(record, now, spread);
    }
}

/**
 * Records that another peer answered a request well that had failed here: the peer is the cause of the consecutive failures.
 * `failed` must have been called for that failure. Phases: header_filter, log.
 */
export function confirmed(record: Doubles, now: MonotonicTime, spread: number): void {
    if (record.get(CONSECUTIVE_FAILURES) === 0 || is_ejected(record)) return;
    record.set(CLIENT, SEVERAL);
    if (record.get(CONSECUTIVE_FAILURES) >= FAILURES_TO_EJECT) eject(record, now, spread);
}

/**
 * Records that a peer has no room. It gets no requests for a second at least, even if it asks for less: its Retry-After may be a
 * date that has passed. Phases: balancer, log.
 * @param seconds how long it asked to get no requests, if it said so
 */
export function note_busy(record: Doubles, now: MonotonicTime, seconds: number | undefined): void {
    state_changes.note();
    record.set(PROBE_UNTIL, 0);
    const pause = math.min(MOST_BUSY_SECONDS, math.max(BUSY_SECONDS, seconds ?? 0));
    record.set(BUSY_UNTIL, later(now, math.max(seconds_busy(record, now), pause)));
}

/** Records that a try had no result, so that the next request may probe. Phases: balancer, log. */
export function end_probe(record: Doubles): void {
    record.set(PROBE_UNTIL, 0);
}

/** Forgets all failures. Phases: any. */
export function reset(record: Doubles): void {
    state_changes.note();
    for (const field of $range(0, SLOTS - 1)) record.set(field, 0);
}

/** Whether a peer's ejection is over, it is not busy, and no request probes it yet. Phases: any. */
export function wants_probe(record: Doubles, now: MonotonicTime): boolean {
    if (!is_ejected(record) || seconds_ejected(record, now) > 0 || seconds_busy(record, now) > 0) return false;
    return record.get(PROBE_UNTIL) <= now;
}

/** Records that a request probes an ejected peer. Phases: balancer. */
export function probe(record: Doubles, now: MonotonicTime): void {
    record.set(PROBE_UNTIL, later(now, PROBE_SECONDS));
}

/**
 * Records a probe by a subrequest, whose failure is reported but whose success is not. The second one in a row ends the
 * ejection; the next failure ejects the peer again. Does nothing for other peers. Phases: balancer.
 */
export function probe_without_result(record: Doubles, now: MonotonicTime): void {
    if (!is_ejected(record) || seconds_ejected(record, now) > 0) return;
    if (record.get(UNREPORTED_PROBES) === 0) {
        record.set(UNREPORTED_PROBES, 1);
        record.set(PROBE_UNTIL, later(now, UNREPORTED_PROBE_SECONDS));
        return;
    }
    record.set(UNREPORTED_PROBES, 0);
    record.set(PROBE_UNTIL, 0);
    record.set(EJECTED_UNTIL, 0);
    record.set(CONSECUTIVE_FAILURES, FAILURES_TO_EJECT - 1);
}
