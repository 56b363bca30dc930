/**
 * When a pool gives way to its fallback, and when it is back: one record of an upstream in the common block, so that all
 * workers agree.
 *
 * A request that gets nothing from the pool goes on to the fallback. When at least half of the late requests did, and
 * these were five or more, the pool is degraded: requests go to the fallback at once, and only one each second tries the
 * pool first. Requests count for less as time goes by, with 10 s. So a few bad answers change nothing, be they all that
 * an idle upstream got or some among many good ones, nor do those of one client where others use the upstream too. When
 * three of the trials in a row were answered well the pool is back.
 */
import type { Suspect } from "./ejection";

/** Slots of the common block that a record takes. */
export const SLOTS = 7;

/** Late requests that got nothing from the pool. */
const MISSED = 0;
/** When the pool became degraded; 0 unless it is. */
const SINCE = 1;
/** Good answers of the pool since then, in a row. */
const GOOD = 2;
const NEXT_TRIAL = 3;
/** Late requests that got nothing, or an answer; and when these two were counted last. */
const SEEN = 4;
const COUNTED_AT = 5;
/** Whose the late requests are that got nothing; SEVERAL where that is more than one client. */
const CLIENT = 6;

const SEVERAL = -1;

const FADING_SECONDS = 10;
const LEAST_MISSED = 5;
const SHARE_TO_DEGRADE = 0.5;
/** What five in quick succession may have faded by. */
const TOLERANCE = 0.5;
const GOOD_TO_RETURN = 3;
const SECONDS_BETWEEN_TRIALS = 1;

/** Whether requests go to the fallback at once. Phases: any. */
export function is_degraded(record: Doubles): boolean {
    return record.get(SINCE) !== 0;
}

/** Whether a request should try the degraded pool; counts as that trial if so. Phases: balancer. */
export function take_trial(record: Doubles, now: number): boolean {
    const next = record.get(NEXT_TRIAL);
    // A clock that was set back must not keep the pool out.
    if (now < next && next - now <= 2 * SECONDS_BETWEEN_TRIALS) return false;
    record.set(NEXT_TRIAL, now + SECONDS_BETWEEN_TRIALS);
    // Nor must it make every answer look older than the degradation.
    if (record.get(SINCE) > now) record.set(SINCE, now);
    return true;
}

/** Counts one more request. `missed`: 1 where it got nothing, else 0. */
function count(record: Doubles, now: number, missed: number): void {
    const seconds = math.max(0, now - record.get(COUNTED_AT));
    const left = math.exp(-seconds / FADING_SECONDS);
    record.set(MISSED, record.get(MISSED) * left + missed);
    record.set(SEEN, record.get(SEEN) * left + 1);
    record.set(COUNTED_AT, now);
}

/** Notes whose a request is that got nothing. */
function note_client(record: Doubles, client: number): void {
    if (record.get(MISSED) < 1 + TOLERANCE) record.set(CLIENT, client);
    else if (record.get(CLIENT) !== client) record.set(CLIENT, SEVERAL);
}

/**
 * Notes that a request got nothing from the pool. `suspect`: who may be to blame instead, where anybody. Phases: balancer,
 * header_filter, log.
 */
export function missed(record: Doubles, now: number, suspect?: Suspect): void {
    record.set(GOOD, 0);
    if (is_degraded(record)) return;
    count(record, now, 1);
    note_client(record, suspect === undefined ? SEVERAL : suspect.client);
    const late = record.get(MISSED);
    if (late < LEAST_MISSED - TOLERANCE || late < SHARE_TO_DEGRADE * record.get(SEEN)) return;
    if (suspect?.has_company === true && record.get(CLIENT) !== SEVERAL) return;
    record.set(SINCE, now);
    record.set(NEXT_TRIAL, now + SECONDS_BETWEEN_TRIALS);
}

/** Notes an answer of the pool that is neither good nor bad, such as a 404: its request did not go on. Phases: balancer, log. */
export function answered_otherwise(record: Doubles, now: number): void {
    if (!is_degraded(record)) count(record, now, 0);
}

/** Notes a good answer of the pool; `began`: when its request came. Phases: balancer, log. */
export function answered(record: Doubles, now: number, began: number): void {
    const since = record.get(SINCE);
    if (since === 0) {
        count(record, now, 0);
        return;
    }
    // What was under way before tells nothing new.
    if (began < since) return;
    record.set(GOOD, record.get(GOOD) + 1);
    if (record.get(GOOD) < GOOD_TO_RETURN) return;
    record.set(MISSED, 0);
    record.set(SEEN, 0);
    record.set(SINCE, 0);
    record.set(GOOD, 0);
}
