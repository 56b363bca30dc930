/**
 * The id of a request that came without one, and the trace that begins here, if the request came without one (W3C Trace Context).
 * Where this module sets no variables, nginx makes their values from `$request_id`, which takes longer.
 */
import * as ffi from "ffi";
import * as id_generator from "../bytes/id_generator";
import * as request from "./request";
import type { RequestState } from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Whether it has its id; an internal redirect must not give it another one. */
        has_id?: boolean | undefined;
        /** Whether its id is a part of a `traceparent` in memory. */
        has_traceparent?: boolean | undefined;
    }
}

ffi.cdef("int memcmp(const void *one, const void *other, size_t bytes);");

const { ID_BYTES } = id_generator;
const PARENT_BYTES = 16;
const FLAGS_BYTES = 2;

/** Where the parts of a `traceparent` begin: 00-TRACE-PARENT-FLAGS. */
const TRACE_AT = 3;
const PARENT_AT = TRACE_AT + ID_BYTES + 1;
const FLAGS_AT = PARENT_AT + PARENT_BYTES + 1;
const ALL_BYTES = FLAGS_AT + FLAGS_BYTES;

const traceparent = ffi.new("uint8_t[?]", ALL_BYTES) as unknown as Bytes;
ffi.copy(traceparent, `00-${string.rep("0", ID_BYTES)}-${string.rep("0", PARENT_BYTES)}-01`, ALL_BYTES);

/** Whether a variable has exactly this id. */
function has(name: string, id: Bytes): boolean {
    const [memory, count] = request.bytes_of(name);
    return memory !== undefined && count === ID_BYTES && ffi.C.memcmp!(memory, id, ID_BYTES) === 0;
}

function set(state: RequestState, id: string | Bytes): void {
    state.has_traceparent = undefined;
    request.set_bytes("openclaw_new_id", id, ID_BYTES);
    request.set_bytes("openclaw_new_parent_id", id, PARENT_BYTES);
}

/** Sets the id as a part of a `traceparent`, whose parent is the first half of the id; else alone. */
function set_new(state: RequestState, id: Bytes): void {
    ffi.copy(pointer_add(traceparent, TRACE_AT), id, ID_BYTES);
    ffi.copy(pointer_add(traceparent, PARENT_AT), id, PARENT_BYTES);
    if (request.set_part("openclaw_new_id", traceparent, ALL_BYTES, TRACE_AT, ID_BYTES)) state.has_traceparent = true;
    else set(state, id);
}

/**
 * Takes an id that nginx has made before: for an earlier phase, or for a map of the user's. The client's own id is none of these.
 */
function take_former(state: RequestState): void {
    const former = request.variable("openclaw_request_id") ?? "";
    if (former.length === ID_BYTES && former !== request.variable("http_x_request_id")) set(state, former);
}

/** Gives the request an id, unless it has one: `$openclaw_new_id`. Phases: rewrite, access. */
export function give(state: RequestState): void {
    if (state.has_id === true) return;
    state.has_id = true;
    const id = id_generator.next_id();
    set_new(state, id);
    if (!has("openclaw_request_id", id)) take_former(state);
}

/**
 * Begins a trace if the request came without one: `$openclaw_traceparent` and its parts get the bytes that `give` has made. A request
 * with a trace gets a new parent only. To be called when no plugin changes the request any more. Phases: access.
 */
export function begin_trace(state: RequestState): void {
    if (state.has_traceparent !== true) return;
    const [id] = request.bytes_of("openclaw_new_id");
    if (id === undefined) return;
    const memory = pointer_add(id, -TRACE_AT);
    request.point("openclaw_parent_id", pointer_add(memory, PARENT_AT), PARENT_BYTES);
    const [, given_bytes] = request.bytes_of("openclaw_trace_given");
    const [flags, flags_bytes] = request.bytes_of("openclaw_new_trace_flags");
    if (given_bytes > 0 || flags === undefined || flags_bytes !== FLAGS_BYTES) return;
    memory.set(FLAGS_AT, flags.get(0));
    memory.set(FLAGS_AT + 1, flags.get(1));
    request.point("openclaw_trace_id", id, ID_BYTES);
    request.point("openclaw_traceparent", memory, ALL_BYTES);
}
