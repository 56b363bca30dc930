/**
 * When a pool gives way to its fallback, and when it is back: one record of an upstream in the common block, so that all
 * workers agree.
 *
 * A request that gets nothing from the pool goes on to the fallback. After three of these in a row the pool is degraded:
 * requests go to the fallback at once, and only one each second tries the pool first. When three of those in a row were
 * answered well the pool is back. So one bad moment changes nothing, and a pool that comes and goes is not believed at once.
 */
/** Slots of the common block that a record takes. */
export const SLOTS = 4;

/** Requests in a row that got nothing from the pool. */
const MISSED = 0;
/** When the pool became degraded; 0 unless it is. */
const SINCE = 1;
/** Good answers of the pool since then, in a row. */
const GOOD = 2;
const NEXT_TRIAL = 3;

const MISSED_TO_DEGRADE = 3;
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

/** Notes that a request got nothing from the pool. Phases: balancer. */
export function missed(record: Doubles, now: number): void {
    record.set(GOOD, 0);
    if (is_degraded(record)) return;
    record.set(MISSED, record.get(MISSED) + 1);
    if (record.get(MISSED) < MISSED_TO_DEGRADE) return;
    record.set(SINCE, now);
    record.set(NEXT_TRIAL, now + SECONDS_BETWEEN_TRIALS);
}

/** Notes a good answer of the pool; `began`: when its request came. Phases: balancer, log. */
export function answered(record: Doubles, began: number): void {
    const since = record.get(SINCE);
    if (since === 0) {
        if (record.get(MISSED) !== 0) record.set(MISSED, 0);
        return;
    }
    // What was under way before tells nothing new.
    if (began < since) return;
    record.set(GOOD, record.get(GOOD) + 1);
    if (record.get(GOOD) < GOOD_TO_RETURN) return;
    record.set(MISSED, 0);
    record.set(SINCE, 0);
    record.set(GOOD, 0);
}
