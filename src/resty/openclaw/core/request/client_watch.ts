/**
 * Who watches whether the client of a request leaves.
 *
 * With `lua_check_client_abort on`, nginx's Lua module ends a request whose client leaves. It goes on with that after Lua has finished, if
 * the body came later than the header: then `proxy_ignore_client_abort on` has no effect, and a response that was to be cached is lost.
 * Source: ngx_http_lua_req_body_post_read in ngx_http_lua_req_body.c, ngx_http_upstream_init_request in nginx's ngx_http_upstream.c.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";

// Under names of our own, as other libraries may declare the same functions otherwise. The struct is the beginning of nginx's
// ngx_http_request_t.
ffi.cdef(`
    void openclaw_check_client(void) __asm__("ngx_http_lua_rd_check_broken_connection");
    void openclaw_block_reading(void) __asm__("ngx_http_block_reading");
    struct openclaw_connection_head { void *data; void *read; void *write; int fd; };
    struct openclaw_request_head {
        uint32_t signature; struct openclaw_connection_head *connection;
        void *contexts; void *main_conf; void *srv_conf; void *loc_conf; void *on_read;
    };
    struct openclaw_pollfd { int fd; short events; short revents; };
    int openclaw_poll(struct openclaw_pollfd *fds, unsigned long count, int milliseconds) __asm__("poll");
`);

/** Linux. POLLRDHUP: the client has closed its end, whatever it has sent before. */
const POLLRDHUP = 0x2000;

const polled = ffi.new("struct openclaw_pollfd[1]") as unknown as LuaTable<
    number,
    { fd: number; events: number; revents: number }
>;

/** "HTTP", with which each of nginx's requests begins: NGX_HTTP_MODULE in ngx_http_config.h. */
const SIGNATURE = 0x50545448;

interface Head {
    readonly signature: number;
    readonly connection: { readonly fd: number };
    /** What nginx calls when the client sends something, or leaves. */
    on_read: CValue;
}

function find_check(this: void): CValue {
    return ffi.cast("void *", ffi.C.openclaw_check_client);
}

function find_block(this: void): CValue {
    return ffi.cast("void *", ffi.C.openclaw_block_reading);
}

const [has_check, check] = pcall(find_check);
const [has_block, block] = pcall(find_block);
const is_known = has_check && has_block;

/**
 * Leaves it to nginx what happens when the client leaves, as if Lua had never looked. To be called when Lua has done its work. Does
 * nothing where the Lua module does not watch, or where nginx's functions cannot be found. Phases: access.
 */
export function stop(): void {
    const request = get_request();
    if (!is_known || request === undefined) return;
    const head = ffi.cast("struct openclaw_request_head *", request) as CValue & Head;
    // Only this one value is ever replaced, so a request of another layout stays as it is.
    if (head.on_read === check) head.on_read = block as CValue;
}

function head_of_request(): (CValue & Head) | undefined {
    const request = get_request();
    if (request === undefined) return undefined;
    const head = ffi.cast("struct openclaw_request_head *", request) as CValue & Head;
    return head.signature === SIGNATURE ? head : undefined;
}

/**
 * Has nginx go on with the response when the client leaves, as with `proxy_ignore_client_abort on`: others wait for it, too. False where
 * nginx's function cannot be found. nginx decides anew before it chooses the first node. Phases: balancer, header_filter.
 */
export function ignore(): boolean {
    const head = head_of_request();
    if (!has_block || head === undefined) return false;
    head.on_read = block as CValue;
    return true;
}

/**
 * Whether the client has closed the connection. Of HTTP/2 it tells only when all of the connection is closed. Phases: all with a request;
 * one system call.
 */
export function has_left(): boolean {
    const head = head_of_request();
    if (head === undefined) return false;
    const asked = polled.get(0);
    asked.fd = head.connection.fd;
    asked.events = POLLRDHUP;
    asked.revents = 0;
    const found = ffi.C.openclaw_poll!(polled, 1, 0) as number;
    return found > 0;
}
