/**
 * What a worker has learned of a peer, left in the common block for workers that are new: those of a reload, above all. A
 * lesson is of one beginning of the peer, and not believed for long.
 */
/** Slots of the common block that a lesson takes. */
export const SLOTS = 4;

const SERVICE_SECONDS = 0;
const CONCURRENCY = 1;
const LEFT_AT = 2;
const BEGINNING = 3;

/** A peer may have become another one in so many seconds. */
const BELIEVED_SECONDS = 60;

/** Leaves what was learned. `beginning`: the number of the peer's beginning that it was learned of. Phases: any. */
export function leave(
    lesson: Doubles,
    beginning: number,
    now: number,
    service_seconds: number,
    concurrency: number,
): void {
    lesson.set(SERVICE_SECONDS, service_seconds);
    lesson.set(CONCURRENCY, concurrency);
    lesson.set(LEFT_AT, now);
    lesson.set(BEGINNING, beginning);
}

/** What was learned lately; no seconds where that is nothing. Phases: any. */
export function take(
    lesson: Doubles,
    beginning: number,
    now: number,
): LuaMultiReturn<[service_seconds: number | undefined, concurrency: number]> {
    const age = now - lesson.get(LEFT_AT);
    if (lesson.get(BEGINNING) !== beginning || age < 0 || age > BELIEVED_SECONDS) return $multi(undefined, 0);
    return $multi(lesson.get(SERVICE_SECONDS), lesson.get(CONCURRENCY));
}
