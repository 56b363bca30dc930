/** Headers of the response, for code that runs on every request: `ngx.header` does the same, but LuaJIT does not compile its callers. */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";

// Under a name of our own, as lua-resty-core declares the function itself.
ffi.cdef(`
int openclaw_set_response_header(ngx_http_request_t *request, const char *name, size_t name_bytes, int is_nil,
    const char *value, size_t value_bytes, void *values, size_t count, int is_override, char **err)
    __asm__("ngx_http_lua_ffi_set_resp_header");
typedef struct { int bytes; const char *data; } openclaw_header_value_t;
int openclaw_get_response_header(ngx_http_request_t *request, const char *name, size_t name_bytes, unsigned char *key,
    openclaw_header_value_t *values, int most_values, char **err) __asm__("ngx_http_lua_ffi_get_resp_header");
`);

const IS_NIL = 1;
const OVERRIDE = 1;
const message = ffi.new("char *[1]");
/** Of the longest name that is asked for; ngx_lua writes the name there where it has underscores. */
const key = ffi.new("unsigned char[?]", 128);
const found = ffi.new("openclaw_header_value_t[1]") as unknown as LuaTable<
    number,
    { readonly bytes: number; readonly data: CValue }
>;

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

/** Whether the response has a header of that name, which `found` has then. */
function find(name: string): boolean {
    const request = get_request();
    if (request === undefined) return false;
    const count = ffi.C.openclaw_get_response_header!(request, name, name.length, key, found, 1, message) as number;
    return count > 0;
}

/**
 * The first header of that name, without underscores; nothing if there is none. Takes half as long as nginx's variable, which is found by its name.
 * Phases: header_filter, and later.
 */
export function get(name: string): string | undefined {
    if (!find(name)) return undefined;
    const { data, bytes } = found.get(0);
    const text = ffi.string(data, bytes);
    return text;
}

/** As `get`, without a Lua string: where the value is, and how many bytes it has; nothing and 0 if there is none. */
export function bytes_of(name: string): LuaMultiReturn<[memory: Bytes | undefined, count: number]> {
    if (!find(name)) return $multi(undefined, 0);
    const { data, bytes } = found.get(0);
    return $multi(data as unknown as Bytes, bytes);
}

/**
 * As `clear`, in a third of its time where there is no such header. Not for Last-Modified: where it is no time, nginx says that there is none.
 * Phases: header_filter.
 */
export function clear_rare(name: string): void {
    if (find(name)) clear(name);
}
