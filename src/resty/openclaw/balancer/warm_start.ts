/**
 * Warm start: what a worker has learned of a peer, kept in the common block for new workers, above all those of a reload. A
 * record belongs to one slow start of the peer, and is valid for a minute.
 */

/** Slots of the common block that a record takes. */
export const SLOTS = 4;

const SERVICE_SECONDS = 0;
const CONCURRENCY = 1;
const SAVED_AT = 2;
const START = 3;

/** A peer may behave differently after so many seconds. */
const VALID_SECONDS = 60;

/** Saves what was learned. `start`: the number of the peer's last slow start (`peer.known_start`). Phases: any. */
export function save(
    record: Doubles,
    start: number,
    now: MonotonicTime,
    service_seconds: number,
    concurrency: number,
): void {
    record.set(SERVICE_SECONDS, service_seconds);
    record.set(CONCURRENCY, concurrency);
    record.set(SAVED_AT, now);
    record.set(START, start);
}

/** What was saved in the last minute; no seconds if nothing was. Phases: any. */
export function load(
    record: Doubles,
    start: number,
    now: MonotonicTime,
): LuaMultiReturn<[service_seconds: number | undefined, concurrency: number]> {
    if (record.get(START) !== start || now - record.get(SAVED_AT) > VALID_SECONDS) return $multi(undefined, 0);
    return $multi(record.get(SERVICE_SECONDS), record.get(CONCURRENCY));
}
