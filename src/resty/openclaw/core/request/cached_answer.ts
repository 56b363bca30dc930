/** Whether the request at hand is expected to be answered by nginx's cache, so that it waits for no node. */
import type { RequestState } from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Whether the cache has its answer, as far as is known. */
        expects_cached?: boolean | undefined;
    }
}

/** Notes it. Phases: access. */
export function expect(state: RequestState): void {
    state.expects_cached = true;
}

/** Whether it was noted. Phases: any with a request. */
export function is_expected(state: RequestState): boolean {
    return state.expects_cached === true;
}
