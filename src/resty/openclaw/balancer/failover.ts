/**
 * When an upstream fails over to its fallback, and when it is back: one record in the common block, so all workers agree. All
 * moments are monotonic.
 *
 * A request that gets no good answer from the upstream goes on to the fallback. The upstream fails over when at least five
 * recent requests did so, and these are half of the recent requests or more. Then requests go to the fallback at once, except one
 * request per second, which probes the upstream first. Requests fade with a time constant of 10 s. So a few bad answers change
 * nothing, whether an idle upstream gave no others or they are few among many good ones. The same holds for the requests of one
 * client where others use the upstream too. Three good answers to probes in a row end the failover.
 */
import type { Suspect } from "./outlier_detection";

/** Slots of the common block that a record takes. */
export const SLOTS = 7;

/** Recent requests that the upstream failed. */
const FAILED = 0;
/** When the failover began; 0 unless there is one. */
const SINCE = 1;
/** Good answers to probes since then, in a row. */
const GOOD_PROBES = 2;
const NEXT_PROBE_AT = 3;
/** Recent requests that failed or were answered; and when both numbers were last updated. */
const COUNTED = 4;
const COUNTED_AT = 5;
/** The client whose recent requests failed; SEVERAL if these are more. */
const CLIENT = 6;

const SEVERAL = -1;

const FADING_SECONDS = 10;
const LEAST_FAILED = 5;
const FAILED_SHARE = 0.5;
/** By how much five requests in quick succession may have faded. */
const TOLERANCE = 0.5;
const GOOD_PROBES_TO_RETURN = 3;
const SECONDS_BETWEEN_PROBES = 1;

/** Whether requests go to the fallback at once. Phases: any. */
export function is_active(record: Doubles): boolean {
    return record.get(SINCE) !== 0;
}

/** Whether this request should probe the upstream during a failover; counts it as the probe of this second. Phases: balancer. */
export function take_probe(record: Doubles, now: MonotonicTime): boolean {
    if (now < record.get(NEXT_PROBE_AT)) return false;
    record.set(NEXT_PROBE_AT, later(now, SECONDS_BETWEEN_PROBES));
    return true;
}

/** Counts one more request. `failures`: 1 if the upstream failed it, else 0. */
function count(record: Doubles, now: MonotonicTime, failures: number): void {
    // The clock of the worker that wrote last may be some milliseconds ahead.
    const seconds = math.max(0, now - record.get(COUNTED_AT));
    const left = math.exp(-seconds / FADING_SECONDS);
    record.set(FAILED, record.get(FAILED) * left + failures);
    record.set(COUNTED, record.get(COUNTED) * left + 1);
    record.set(COUNTED_AT, now);
}

/** Records whose request failed. */
function note_client(record: Doubles, client: number): void {
    if (record.get(FAILED) < 1 + TOLERANCE) record.set(CLIENT, client);
    else if (record.get(CLIENT) !== client) record.set(CLIENT, SEVERAL);
}

/**
 * Records that the upstream failed a request. Phases: balancer, header_filter, log.
 * @param suspect the sender of the request, unless the upstream is certainly the cause
 */
export function failed(record: Doubles, now: MonotonicTime, suspect?: Suspect): void {
    record.set(GOOD_PROBES, 0);
    if (is_active(record)) return;
    count(record, now, 1);
    note_client(record, suspect === undefined ? SEVERAL : suspect.client);
    const recent = record.get(FAILED);
    if (recent < LEAST_FAILED - TOLERANCE || recent < FAILED_SHARE * record.get(COUNTED)) return;
    if (suspect?.has_other_clients === true && record.get(CLIENT) !== SEVERAL) return;
    record.set(SINCE, now);
    record.set(NEXT_PROBE_AT, later(now, SECONDS_BETWEEN_PROBES));
}

/** Records an answer of the upstream that is neither good nor bad, such as a 404. Phases: balancer, log. */
export function answered_neutrally(record: Doubles, now: MonotonicTime): void {
    if (!is_active(record)) count(record, now, 0);
}

/** Records a good answer of the upstream to a request that began at the given moment. Phases: balancer, log. */
export function succeeded(record: Doubles, now: MonotonicTime, began: MonotonicTime): void {
    const since = record.get(SINCE);
    if (since === 0) {
        count(record, now, 0);
        return;
    }
    // A request that began before the failover is no probe.
    if (began < since) return;
    record.set(GOOD_PROBES, record.get(GOOD_PROBES) + 1);
    if (record.get(GOOD_PROBES) < GOOD_PROBES_TO_RETURN) return;
    record.set(FAILED, 0);
    record.set(COUNTED, 0);
    record.set(SINCE, 0);
    record.set(GOOD_PROBES, 0);
}
