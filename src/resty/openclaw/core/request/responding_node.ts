/** Which node responded to a request. nginx.conf finds it by a regular expression; after one attempt it is quickly seen. */
import * as ffi from "ffi";
import * as request from "./request";

ffi.cdef("void *memchr(const void *memory, int byte, size_t bytes);");

/** Between the addresses of attempts there is a blank. */
const BLANK = string.byte(" ");

/** Gives `$openclaw_responding_node` the node's address after one attempt. Anything else is left to nginx. Phases: header_filter. */
export function show(): void {
    const [addresses, count] = request.bytes_of("upstream_addr");
    if (addresses === undefined || ffi.C.memchr!(addresses, BLANK, count) !== undefined) return;
    request.point("openclaw_responding_node", addresses, count);
}
