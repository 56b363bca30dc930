/**
 * The location of nginx.conf that a request is in. No function of ngx_lua tells it, so it is read from the request itself, whose first fields
 * have been the same since nginx 1.0. Whether they are is checked by its signature.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";

ffi.cdef(`
typedef struct {
    uint32_t signature; void *connection; void *context; void *main_conf; void *server_conf; void *location_conf;
} openclaw_located_request_t;
`);

interface LocatedRequest {
    readonly signature: number;
    readonly location_conf: CValue;
}

/** "HTTP", the first field of a request. Source: NGX_HTTP_MODULE in ngx_http_request.h. */
const SIGNATURE = 0x50545448;

/**
 * A number that stands for the location of the request at hand, or for the `if` in it, as long as the worker lives. Nothing where that cannot be
 * told. Phases: any.
 */
export function number(): number | undefined {
    const request = get_request();
    if (request === undefined) return undefined;
    const its_request = ffi.cast("openclaw_located_request_t *", request) as unknown as LocatedRequest;
    if (its_request.signature !== SIGNATURE) return undefined;
    return tonumber(ffi.cast("uintptr_t", its_request.location_conf));
}
