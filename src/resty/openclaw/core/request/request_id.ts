/**
 * The id of a request that came without one, and of a trace that begins here (W3C Trace Context). nginx.conf finds it in
 * `$openclaw_new_id`, and its first half, the parent in the trace, in `$openclaw_new_parent_id`. Where nobody sets these, nginx makes them from
 * `$request_id`, which takes longer.
 */
import * as ffi from "ffi";
import * as id_generator from "../bytes/id_generator";
import * as request from "./request";
import type { RequestState } from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Whether it has its id; an internal redirect must not give it another one. */
        has_id?: boolean | undefined;
    }
}

ffi.cdef("int memcmp(const void *one, const void *other, size_t bytes);");

const { ID_BYTES } = id_generator;
const PARENT_BYTES = 16;

/** Whether a variable has exactly this id. */
function has(name: string, id: Bytes): boolean {
    const [memory, count] = request.bytes_of(name);
    return memory !== undefined && count === ID_BYTES && ffi.C.memcmp!(memory, id, ID_BYTES) === 0;
}

function set(id: string | Bytes): void {
    request.set_bytes("openclaw_new_id", id, ID_BYTES);
    request.set_bytes("openclaw_new_parent_id", id, PARENT_BYTES);
}

/**
 * Takes an id that nginx has made before: for an earlier phase, or for a map of the user's. The client's own id is none of these.
 */
function take_former(): void {
    const former = request.variable("openclaw_request_id") ?? "";
    if (former.length === ID_BYTES && former !== request.variable("http_x_request_id")) set(former);
}

/** Gives the request an id, unless it has one. Phases: rewrite, access. */
export function give(state: RequestState): void {
    if (state.has_id === true) return;
    state.has_id = true;
    const id = id_generator.next_id();
    set(id);
    if (!has("openclaw_request_id", id)) take_former();
}
