/**
 * The beginning of what nginx knows of a request, its ngx_http_request_t, for what no function of ngx_lua tells. Its first fields have been
 * the same since nginx 1.0. Whether they are is checked by its signature.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";

// Under a name of our own, as other libraries may declare the same struct otherwise.
ffi.cdef(`
    struct openclaw_connection_head { void *data; void *read; void *write; int fd; };
    struct openclaw_request_head {
        uint32_t signature; struct openclaw_connection_head *connection;
        void *contexts; void *main_conf; void *server_conf; void *location_conf; void *on_read;
    };
`);

export interface RequestHead {
    readonly signature: number;
    readonly connection: CValue & { readonly fd: number };
    /** What the location of nginx.conf, or the `if` in it, is configured to do. */
    readonly location_conf: CValue;
    /** What nginx calls when the client sends something, or leaves. */
    on_read: CValue;
}

/** "HTTP", with which each of nginx's requests begins: NGX_HTTP_MODULE in ngx_http_config.h. */
const SIGNATURE = 0x50545448;

/** The head of the request at hand; nothing if there is none, or it is another struct. Phases: any. */
export function present(): RequestHead | undefined {
    const request = get_request();
    if (request === undefined) return undefined;
    const head = ffi.cast("struct openclaw_request_head *", request) as unknown as RequestHead;
    return head.signature === SIGNATURE ? head : undefined;
}
