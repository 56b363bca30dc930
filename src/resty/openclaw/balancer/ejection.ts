/**
 * Keeps requests from peers that fail, by what their requests show. Each peer has one record in the common block, so
 * that all workers agree.
 *
 * phi is the share of late failures, fading with 30 s. After three failures in a row a peer is ejected for 5 s, then
 * for 10 s at a time, give or take a tenth so that peers do not come back in step; when its time is over exactly one
 * request tries it. A success takes it back, and quarters phi. The constants were found by simulating outages of single
 * nodes under load. A peer that says it is busy is left alone for as long as it asks for, which is no failure.
 *
 * A failure may be the doing of whoever sent the request. So failures with a suspect eject only when two clients had
 * them; where nobody else uses the upstream, when two requests had them; or when they go on for 5 s.
 */
/** Who may be to blame for a failure instead of the peer. */
export interface Suspect {
    /** A number for the client, and one for the request, both above 0. */
    readonly client: number;
    readonly request: number;
    /** Whether others use the upstream too. */
    readonly has_company: boolean;
}

/** Slots of the common block that a record takes. */
export const SLOTS = 10;

const PHI = 0;
const PHI_TIME = 1;
const CONSECUTIVE = 2;
/** 0 unless ejected. */
const EJECTED_UNTIL = 3;
/** Until when one request's verdict is awaited. */
const PROBE_UNTIL = 4;
const BUSY_UNTIL = 5;
/** Of the failures in a row: when they began, and whose they are; SEVERAL where that is more than one. */
const RUN_SINCE = 6;
const CLIENT = 7;
const REQUEST = 8;
/** Probes whose verdict nobody hears, since the last verdict. */
const SILENT_PROBES = 9;

const SEVERAL = -1;

const FADING_SECONDS = 30;
const STEP = 0.1;
const FORGIVEN = 0.25;
const FAILURES_TO_EJECT = 3;
/** Failures in a row that go on for so long are the peer's, whoever had them. */
const RUN_SECONDS = 5;
const FIRST_EJECTION_SECONDS = 5;
const EJECTION_SECONDS = 10;
/** A probe whose worker died never reports; after so long another request may try. */
const PROBE_SECONDS = 30;
/** How long a probe's failure is waited for where a success is never heard of. */
const SILENT_PROBE_SECONDS = 5;
/** How long a busy peer is left alone where it does not say, and at most. */
const BUSY_SECONDS = 1;
const MOST_BUSY_SECONDS = 60;

/** The share of late failures, 0 to 1. Phases: any. */
export function phi(record: Doubles, now: number): number {
    const value = record.get(PHI);
    if (value < 1e-3) return 0;
    return value * math.exp(-math.max(0, now - record.get(PHI_TIME)) / FADING_SECONDS);
}

/** Seconds until an ejected peer may be tried; 0 for any other. Phases: any. */
export function seconds_ejected(record: Doubles, now: number): number {
    const left = record.get(EJECTED_UNTIL) - now;
    // A clock that was set back must not keep a peer out for longer than it would have been.
    return left > 2 * EJECTION_SECONDS || left < 0 ? 0 : left;
}

/** Seconds for which a busy peer is still to be left alone; 0 for any other. Phases: any. */
export function seconds_busy(record: Doubles, now: number): number {
    const left = record.get(BUSY_UNTIL) - now;
    return left > MOST_BUSY_SECONDS || left < 0 ? 0 : left;
}

/** Whether a peer failed three times in a row, was ejected, and has not answered since. Phases: any. */
export function is_ejected(record: Doubles): boolean {
    return record.get(EJECTED_UNTIL) !== 0;
}

function step_phi(record: Doubles, now: number, failed: number): void {
    const faded = record.get(PHI) * math.exp(-math.max(0, now - record.get(PHI_TIME)) / FADING_SECONDS);
    record.set(PHI, faded + STEP * (failed - faded));
    record.set(PHI_TIME, now);
}

/** Learns from a success. Phases: balancer, log. */
export function succeeded(record: Doubles, now: number): void {
    // A peer that never fails has nothing to change: the usual case writes nothing.
    if (record.get(PHI) === 0) return;
    step_phi(record, now, 0);
    if (record.get(EJECTED_UNTIL) !== 0) record.set(PHI, record.get(PHI) * FORGIVEN);
    if (record.get(PHI) < 1e-6) record.set(PHI, 0);
    record.set(CONSECUTIVE, 0);
    record.set(EJECTED_UNTIL, 0);
    record.set(PROBE_UNTIL, 0);
    record.set(SILENT_PROBES, 0);
}

/** Notes whose a failure is that belongs to the present run. */
function note_suspect(record: Doubles, now: number, suspect: Suspect | undefined): void {
    const client = suspect === undefined ? SEVERAL : suspect.client;
    const request = suspect === undefined ? SEVERAL : suspect.request;
    if (record.get(CONSECUTIVE) === 0) {
        record.set(RUN_SINCE, now);
        record.set(CLIENT, client);
        record.set(REQUEST, request);
        return;
    }
    if (record.get(RUN_SINCE) > now) record.set(RUN_SINCE, now);
    if (record.get(CLIENT) !== client) record.set(CLIENT, SEVERAL);
    if (record.get(REQUEST) !== request) record.set(REQUEST, SEVERAL);
}

/** Whether the failures in a row are the peer's doing. */
function is_proven(record: Doubles, now: number, has_company: boolean): boolean {
    if (record.get(CLIENT) === SEVERAL || now - record.get(RUN_SINCE) >= RUN_SECONDS) return true;
    return !has_company && record.get(REQUEST) === SEVERAL;
}

function eject(record: Doubles, now: number, spread: number): void {
    const seconds = record.get(EJECTED_UNTIL) === 0 ? FIRST_EJECTION_SECONDS : EJECTION_SECONDS;
    record.set(EJECTED_UNTIL, now + seconds * (0.9 + 0.2 * spread));
}

/**
 * Learns from a failure. `spread`: a random number from 0 to 1; `suspect`: who may be to blame instead, where anybody.
 * Phases: balancer, log.
 */
export function failed(record: Doubles, now: number, spread: number, suspect?: Suspect): void {
    step_phi(record, now, 1);
    record.set(PROBE_UNTIL, 0);
    record.set(SILENT_PROBES, 0);
    // What was sent before the ejection and fails only now is no news.
    if (seconds_ejected(record, now) > 0) return;
    note_suspect(record, now, suspect);
    record.set(CONSECUTIVE, record.get(CONSECUTIVE) + 1);
    if (record.get(CONSECUTIVE) < FAILURES_TO_EJECT) return;
    if (is_ejected(record) || is_proven(record, now, suspect?.has_company === true)) eject(record, now, spread);
}

/**
 * Learns that a request which failed here was answered well by another peer: nobody else is to blame for the failures in a
 * row. Else as `failed`, which came before. Phases: header_filter, log.
 */
export function confirmed(record: Doubles, now: number, spread: number): void {
    if (record.get(CONSECUTIVE) === 0 || is_ejected(record)) return;
    record.set(CLIENT, SEVERAL);
    if (record.get(CONSECUTIVE) >= FAILURES_TO_EJECT) eject(record, now, spread);
}

/**
 * Learns that a peer has no room; `seconds`: for how long it asked to be left alone, where it did. It is left alone for a
 * moment even where it asked for no time at all: that may be a date that has passed. Phases: balancer, log.
 */
export function refused(record: Doubles, now: number, seconds: number | undefined): void {
    record.set(PROBE_UNTIL, 0);
    const pause = math.min(MOST_BUSY_SECONDS, math.max(BUSY_SECONDS, seconds ?? 0));
    record.set(BUSY_UNTIL, now + math.max(seconds_busy(record, now), pause));
}

/** Notes that a try told nothing, so that the next request may probe. Phases: balancer, log. */
export function told_nothing(record: Doubles): void {
    record.set(PROBE_UNTIL, 0);
}

/** Forgets all failures. Phases: any. */
export function forgive(record: Doubles): void {
    for (const field of $range(0, SLOTS - 1)) record.set(field, 0);
}

/** Whether an ejected peer's time is over, it is not busy, and no request is trying it yet. Phases: any. */
export function wants_probe(record: Doubles, now: number): boolean {
    if (!is_ejected(record) || seconds_ejected(record, now) > 0 || seconds_busy(record, now) > 0) return false;
    const left = record.get(PROBE_UNTIL) - now;
    return left <= 0 || left > 2 * PROBE_SECONDS;
}

/** Notes that one request tries an ejected peer. Phases: balancer. */
export function probe(record: Doubles, now: number): void {
    record.set(PROBE_UNTIL, now + PROBE_SECONDS);
}

/**
 * Notes that a request tries a peer whose failure would be heard of, but no success: the second of these in a row takes an
 * ejected peer back, whose next failure ejects it again. Nothing happens at any other peer. Phases: balancer.
 */
export function probe_silently(record: Doubles, now: number): void {
    if (!is_ejected(record) || seconds_ejected(record, now) > 0) return;
    if (record.get(SILENT_PROBES) === 0) {
        record.set(SILENT_PROBES, 1);
        record.set(PROBE_UNTIL, now + SILENT_PROBE_SECONDS);
        return;
    }
    record.set(SILENT_PROBES, 0);
    record.set(PROBE_UNTIL, 0);
    record.set(EJECTED_UNTIL, 0);
    record.set(CONSECUTIVE, FAILURES_TO_EJECT - 1);
}
