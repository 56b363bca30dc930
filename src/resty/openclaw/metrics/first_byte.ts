/**
 * When the answer of each request of this worker began, from the header filter to the log phase. It stands in a table
 * by request, as internal redirects would wipe `ngx.ctx`; an answer that begins twice, because a filter turned it into
 * an error page, has begun the second time.
 */
import * as request from "../core/request/request";

const begun = new LuaTable<number, number>();

/** Notes that the answer begins. Phases: header_filter. */
export function note(): void {
    // A subrequest has no log phase in which this would be forgotten.
    if (!request.is_subrequest()) begun.set(request.key(), request.now());
}

/**
 * Seconds from the first byte of the request to the first of its answer, and forgets them; nothing where the answer has
 * not begun, or in a location without the header filter. `taken`: seconds from the first byte of the request to now.
 * Phases: log.
 */
export function take(taken: number): number | undefined {
    const key = request.key();
    const at = begun.get(key) as number | undefined;
    if (at === undefined) return undefined;
    begun.delete(key);
    const seconds = taken - (request.now() - at);
    // Below 0 it was noted for an earlier request at the same place, which had another log hook than ours.
    if (seconds < 0) return undefined;
    return seconds;
}
