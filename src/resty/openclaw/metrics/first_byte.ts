/**
 * When the answer of each request began, from the header filter to the log phase. An answer that begins twice, because a filter
 * turned it into an error page, has begun the second time.
 */
import * as clock from "../core/time/clock";
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";

declare module "../core/request/request_state" {
    interface RequestState {
        /** When its answer began. */
        first_byte_at?: MonotonicTime | undefined;
    }
}

/** Notes that the answer begins. Phases: header_filter. */
export function note(): void {
    // A subrequest has no log phase in which this would be read.
    if (!request.is_subrequest()) request_state.open().first_byte_at = clock.now();
}

/**
 * Seconds from the first byte of the request to the first of its answer, and takes them back; nothing where the answer has
 * not begun, or in a location without the header filter. `taken`: seconds from the first byte of the request to now.
 * Phases: log.
 */
export function take(taken: number): number | undefined {
    const state = request_state.present();
    const at = state?.first_byte_at;
    if (at === undefined) return undefined;
    state!.first_byte_at = undefined;
    return math.max(0, taken - (clock.now() - at));
}
