/** Whether the gateway itself responds to a request with success, in place of a node: plugins that change responses of nodes leave it as it is. */
import * as request_state from "./request_state";

declare module "./request_state" {
    interface RequestState {
        has_own_answer?: boolean | undefined;
    }
}

/** Says so. Phases: rewrite, access, content. */
export function note(): void {
    request_state.open().has_own_answer = true;
}

/** Whether it was said. Phases: header_filter, body_filter, log. */
export function is_here(): boolean {
    return request_state.present()?.has_own_answer === true;
}
