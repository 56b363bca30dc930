/**
 * The id of a request that came with none, and of a trace that begins here. nginx.conf finds it in `$openclaw_new_id`, which is
 * `$request_id` where nobody sets it.
 */
import * as id_generator from "../bytes/id_generator";
import * as request from "./request";
import type { RequestState } from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Whether it has its id; an internal redirect must not give it another one. */
        has_id?: boolean | undefined;
    }
}

/** The id of a span has half the digits. */
const SPAN_BYTES = id_generator.ID_BYTES / 2;

/** Gives the request an id, unless it has one. Phases: rewrite, access. */
export function give(state: RequestState): void {
    if (state.has_id === true) return;
    state.has_id = true;
    const id = id_generator.next_id();
    request.set_bytes("openclaw_new_id", id, id_generator.ID_BYTES);
    request.set_bytes("openclaw_parent_id", id, SPAN_BYTES);
}
