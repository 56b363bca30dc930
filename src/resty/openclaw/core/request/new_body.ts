/** Puts another body in place of a request's. */
import * as ffi from "ffi";
import * as time_slice from "../time/time_slice";
import * as request from "./request";
import * as request_state from "./request_state";

/** A body of up to this length is put in place at once: under a millisecond. */
const SHORT_BYTES = 1024 * 1024;
/** What nginx is given of a longer one at a time. */
const PIECE_BYTES = 64 * 1024;

/** Has nginx take a long body piece by piece; it goes to a file when it has become too long. */
function write(memory: Bytes, count: number): void {
    const slice = time_slice.begin();
    ngx.req.init_body();
    for (const offset of $range(0, count - 1, PIECE_BYTES)) {
        ngx.req.append_body(ffi.string(pointer_add(memory, offset), math.min(PIECE_BYTES, count - offset)));
        if (time_slice.is_over(slice)) {
            time_slice.yield_now();
            time_slice.renew(slice);
        }
    }
    ngx.req.finish_body();
    const file = ngx.req.get_body_file();
    if (file !== undefined) request_state.open().body_file = file;
}

/**
 * Puts these bytes in place of the body, which was read before, and says their length in the header. Phases: rewrite, access, content; yields.
 * Returns why that failed, if it did: the request has no body then that could go on.
 */
export function put(memory: Bytes, count: number): string | undefined {
    const [ok, err] =
        count <= SHORT_BYTES ? pcall(ngx.req.set_body_data, ffi.string(memory, count)) : pcall(write, memory, count);
    // nginx may have kept the former values.
    request.forget("content_length");
    request.forget("request_body");
    return ok ? undefined : tostring(err);
}
