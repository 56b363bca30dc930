/**
 * What a request gets that came without: an id, and a trace that begins here (W3C Trace Context). nginx.conf finds them in
 * `$openclaw_new_id` and `$openclaw_traceparent`; where nobody sets these, nginx makes them, at many times the cost.
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
/** Bytes of a parent id: that of the gateway is the first half of the id. */
const PARENT_BYTES = 16;

/** A traceparent, version 00: version, trace, parent and flags. */
const TEMPLATE = `00-${string.rep("0", ID_BYTES)}-${string.rep("0", PARENT_BYTES)}-00`;
const TRACE_AT = 3;
const PARENT_AT = TRACE_AT + ID_BYTES + 1;
const FLAGS_AT = PARENT_AT + PARENT_BYTES + 1;
const FLAGS_BYTES = 2;

const traceparent = ffi.new("uint8_t[?]", TEMPLATE.length) as unknown as Bytes;
ffi.copy(traceparent, TEMPLATE, TEMPLATE.length);

/** Whether a variable has exactly this id. */
function has(name: string, id: Bytes): boolean {
    const [memory, count] = request.bytes_of(name);
    return memory !== undefined && count === ID_BYTES && ffi.C.memcmp!(memory, id, ID_BYTES) === 0;
}

/**
 * Takes an id that nginx has made before: for a phase before the access phase, or for a map of the user's. The client's own id is
 * none of these.
 */
function take_former(id: Bytes): void {
    const former = request.variable("openclaw_request_id") ?? "";
    if (former.length !== ID_BYTES || former === request.variable("http_x_request_id")) return;
    ffi.copy(id, former, ID_BYTES);
    request.set_bytes("openclaw_new_id", id, ID_BYTES);
}

/**
 * Sets the traceparent of a new trace. Does nothing if the client has begun the trace, if another phase has, or if the flags are not
 * two characters: nginx.conf makes the traceparent then.
 */
function begin_trace(id: Bytes): void {
    if (!has("openclaw_trace_id", id)) return;
    const its_flags = request.variable("openclaw_new_trace_flags") ?? "";
    if (its_flags.length !== FLAGS_BYTES) return;
    ffi.copy(pointer_add(traceparent, TRACE_AT), id, ID_BYTES);
    ffi.copy(pointer_add(traceparent, PARENT_AT), id, PARENT_BYTES);
    ffi.copy(pointer_add(traceparent, FLAGS_AT), its_flags, FLAGS_BYTES);
    request.set_bytes("openclaw_traceparent", traceparent, TEMPLATE.length);
}

/** Gives the request an id, unless it has one. Phases: rewrite, access. */
export function give(state: RequestState): void {
    if (state.has_id === true) return;
    state.has_id = true;
    const id = id_generator.next_id();
    request.set_bytes("openclaw_new_id", id, ID_BYTES);
    if (!has("openclaw_request_id", id)) take_former(id);
    begin_trace(id);
}
