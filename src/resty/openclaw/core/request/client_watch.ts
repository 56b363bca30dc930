/**
 * Who watches whether the client of a request leaves.
 *
 * With `lua_check_client_abort on`, nginx's Lua module ends a request whose client leaves. It goes on with that after Lua has finished, if
 * the body came later than the header: then `proxy_ignore_client_abort on` has no effect, and a response that was to be cached is lost.
 * Source: ngx_http_lua_req_body_post_read in ngx_http_lua_req_body.c, ngx_http_upstream_init_request in nginx's ngx_http_upstream.c.
 */
import * as bits from "bit";
import * as ffi from "ffi";
import * as request_variables from "./request";
import type { RequestHead } from "./request_head";
import * as request_head from "./request_head";
import type { RequestState } from "./request_state";

declare module "./request_state" {
    interface RequestState {
        /** Whether the Lua module watches its client, as `lua_check_client_abort` says. */
        is_client_watched?: boolean | undefined;
    }
}

// Under names of our own, as other libraries may declare the same functions otherwise.
ffi.cdef(`
    void openclaw_check_client(void) __asm__("ngx_http_lua_rd_check_broken_connection");
    void openclaw_block_reading(void) __asm__("ngx_http_block_reading");
    struct openclaw_pollfd { int fd; short events; short revents; };
    int openclaw_poll(struct openclaw_pollfd *fds, unsigned long count, int milliseconds) __asm__("poll");
`);

/** Linux. POLLRDHUP: the client has closed its end, whatever it has sent before. */
const POLLRDHUP = 0x2000;

const polled = ffi.new("struct openclaw_pollfd[1]") as unknown as LuaTable<
    number,
    { fd: number; events: number; revents: number }
>;

function find_check(this: void): CValue {
    return ffi.cast("void *", ffi.C.openclaw_check_client);
}

function find_block(this: void): CValue {
    return ffi.cast("void *", ffi.C.openclaw_block_reading);
}

const [has_check, check] = pcall(find_check);
const [has_block, block] = pcall(find_block);
const is_known = has_check && has_block;

/** Notes whether the Lua module watches the client. To be called before the body is read. Phases: access. */
export function begin(state: RequestState): void {
    state.is_client_watched = undefined;
    const head = is_known ? request_head.present() : undefined;
    if (head !== undefined && head.on_read === check) state.is_client_watched = true;
}

/**
 * Has the Lua module watch the client again, after a body was read: where all of it came with the header, or right behind it, nginx has
 * ended the watch, and nobody notices when the client leaves. Does nothing without `begin`. Phases: access.
 * Source: ngx_http_read_client_request_body in nginx's ngx_http_request_body.c, ngx_http_lua_req_body_post_read in ngx_http_lua_req_body.c.
 */
export function go_on(state: RequestState | undefined): void {
    if (state === undefined || state.is_client_watched !== true) return;
    const head = request_head.present();
    if (head !== undefined && head.on_read === block) head.on_read = check as CValue;
}

/**
 * Leaves it to nginx what happens when the client leaves, as if Lua had never looked. To be called when Lua has done its work. Does
 * nothing where the Lua module does not watch, or where nginx's functions cannot be found. Phases: access.
 */
export function stop(state: RequestState): void {
    state.is_client_watched = undefined;
    const head = is_known ? request_head.present() : undefined;
    // Only this one value is ever replaced, so a request of another layout stays as it is.
    if (head !== undefined && head.on_read === check) head.on_read = block as CValue;
}

/**
 * Has nginx go on with the response when the client leaves, as with `proxy_ignore_client_abort on`: others wait for it, too. False where
 * nginx's function cannot be found. nginx decides anew before it chooses the first node. Phases: balancer, header_filter.
 */
export function ignore(): boolean {
    const head = request_head.present();
    if (!has_block || head === undefined) return false;
    head.on_read = block as CValue;
    return true;
}

/** Where in nginx's ngx_connection_t the number of the connection may stand, in words of 8 bytes. */
const FIRST_WORD = 12;
const LAST_WORD = 28;
/** The bit "error" in the word after the number of requests: "buffered" has 8 bits before it, "log_error" 3, "timedout" 1. */
const ERROR_BIT = 0x1000;

type Words = LuaTable<number, CValue>;

function word(words: Words, place: number): number {
    return tonumber(words.get(place))!;
}

/**
 * Where the flags of a connection stand, in words; nothing if that cannot be told. Its number stands before them, then, since nginx 1.19.10,
 * when it began, then how many requests it has had.
 */
function place_of_flags(words: Words, connection: number, requests: number): number | undefined {
    let found: number | undefined;
    for (const place of $range(FIRST_WORD, LAST_WORD)) {
        if (word(words, place) === connection) {
            const last = word(words, place + 1) === requests ? place + 1 : place + 2;
            if (word(words, last) === requests) {
                if (found !== undefined) return undefined;
                found = last + 1;
            }
        }
    }
    return found;
}

/** Whether the client has taken back this request alone, of the many that its HTTP/2 connection may have. */
function has_reset(head: RequestHead): boolean {
    if (request_variables.variable("server_protocol") !== "HTTP/2.0") return false;
    const connection = request_variables.whole_number("connection");
    const requests = request_variables.whole_number("connection_requests");
    const words = ffi.cast("uint64_t *", head.connection) as unknown as Words;
    const place = place_of_flags(words, connection, requests);
    if (place === undefined) return false;
    const flags = ffi.cast("uint32_t *", head.connection) as unknown as Words;
    return bits.band(word(flags, 2 * place), ERROR_BIT) !== 0;
}

/** Whether the client has closed the connection, or taken back a request of HTTP/2. Phases: all with a request; one system call. */
export function has_left(): boolean {
    const head = request_head.present();
    if (head === undefined) return false;
    if (has_reset(head)) return true;
    const asked = polled.get(0);
    asked.fd = head.connection.fd;
    asked.events = POLLRDHUP;
    asked.revents = 0;
    const found = ffi.C.openclaw_poll!(polled, 1, 0) as number;
    return found > 0;
}

/** nginx's status of a request whose client has closed the connection; nothing is sent. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Ends the request if the Lua module watches its client, and that has left already: no event tells of it later. To be called before a long
 * wait. Phases: access; one system call; does not return if it ends the request.
 */
export function end_if_gone(state: RequestState): void {
    if (state.is_client_watched === true && has_left()) ngx.exit(CLIENT_CLOSED_REQUEST);
}
