/** Headers of the response, for code that runs on every request: `ngx.header` does the same, but LuaJIT does not compile its callers. */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";

// Under a name of our own, as lua-resty-core declares the function itself.
ffi.cdef(`
int openclaw_set_response_header(ngx_http_request_t *request, const char *name, size_t name_bytes, int is_nil,
    const char *value, size_t value_bytes, void *values, size_t count, int is_override, char **err)
    __asm__("ngx_http_lua_ffi_set_resp_header");
`);

const IS_NIL = 1;
const OVERRIDE = 1;
const message = ffi.new("char *[1]");

/** Gives the response a header, in place of those of that name. Does nothing without a request. Phases: rewrite, access, content, header_filter. */
export function set(name: string, value: string): void {
    const request = get_request();
    if (request === undefined) return;
    ffi.C.openclaw_set_response_header!(
        request,
        name,
        name.length,
        0,
        value,
        value.length,
        undefined,
        0,
        OVERRIDE,
        message,
    );
}

/** Takes all headers of that name from the response. As `set`. */
export function clear(name: string): void {
    const request = get_request();
    if (request === undefined) return;
    ffi.C.openclaw_set_response_header!(
        request,
        name,
        name.length,
        IS_NIL,
        undefined,
        0,
        undefined,
        0,
        OVERRIDE,
        message,
    );
}
