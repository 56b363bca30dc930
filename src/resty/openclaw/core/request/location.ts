/** The location of nginx.conf that a request is in, which no function of ngx_lua tells. */
import * as ffi from "ffi";
import * as request_head from "./request_head";

/**
 * A number that stands for the location of the request at hand, or for the `if` in it, as long as the worker lives. Nothing where that cannot be
 * told. Phases: any.
 */
export function number(): number | undefined {
    const head = request_head.present();
    return head === undefined ? undefined : tonumber(ffi.cast("uintptr_t", head.location_conf));
}
