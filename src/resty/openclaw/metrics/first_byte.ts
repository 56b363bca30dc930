/**
 * The time of the first byte of each response. If a response starts twice, because a filter turned it into an error page, the second
 * time counts.
 */
import * as request from "../core/request/request";
import * as request_state from "../core/request/request_state";
import * as clock from "../core/time/clock";

declare module "../core/request/request_state" {
    interface RequestState {
        /** When its response started. */
        first_byte_at?: MonotonicTime | undefined;
    }
}

/** Notes the start of the response. Phases: header_filter. */
export function note(): void {
    // A subrequest has no log phase in which this would be read.
    if (!request.is_subrequest()) request_state.open().first_byte_at = clock.now();
}

/**
 * Seconds from the first byte of the request to the first byte of the response; forgets them. Nothing where there is no response, or no
 * header filter in the location. `taken`: seconds from the first byte of the request to now.
 * Phases: log.
 */
export function take(taken: number): number | undefined {
    const state = request_state.present();
    const at = state?.first_byte_at;
    if (at === undefined) return undefined;
    state!.first_byte_at = undefined;
    return math.max(0, taken - (clock.now() - at));
}
