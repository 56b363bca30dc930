/** The part of a response that the body filter looks at, in nginx's own memory: no Lua string is made of it. */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";

ffi.cdef(`
int ngx_http_lua_ffi_get_phase(ngx_http_request_t *request, char **err);
int ngx_http_lua_ffi_get_body_filter_param_eof(ngx_http_request_t *request);
int ngx_http_lua_ffi_get_body_filter_param_body(ngx_http_request_t *request, unsigned char **data, size_t *bytes);
int ngx_http_lua_ffi_copy_body_filter_param_body(ngx_http_request_t *request, unsigned char *target);
`);

/** Of ngx_lua's contexts, as `ngx.get_phase` in lua-resty-core knows them. */
const BODY_FILTER = 0x40;
const NGX_AGAIN = -2;
/** What several of nginx's buffers are copied to; more than that gets memory of its own. */
const SCRATCH_BYTES = 128 * 1024;

const place = ffi.new("unsigned char *[1]") as unknown as LuaTable<number, Bytes>;
const size = ffi.new("size_t[1]") as unknown as LuaTable<number, CValue>;
const message = ffi.new("char *[1]");
let scratch: CValue | undefined;

/** One piece of memory for a chunk that nginx has in several buffers. */
function together(request: CValue, bytes: number): Bytes {
    let target: CValue;
    if (bytes > SCRATCH_BYTES) {
        target = ffi.new("uint8_t[?]", bytes);
    } else {
        scratch = scratch ?? ffi.new("uint8_t[?]", SCRATCH_BYTES);
        target = scratch;
    }
    ffi.C.ngx_http_lua_ffi_copy_body_filter_param_body!(request, target);
    return target as unknown as Bytes;
}

/** Whether there is a chunk at all. In other phases nginx would lead us to memory that is gone. Phases: any. */
export function is_here(): boolean {
    const request = get_request();
    if (request === undefined) return false;
    const phase = ffi.C.ngx_http_lua_ffi_get_phase!(request, message) as number;
    return phase === BODY_FILTER;
}

/**
 * Where the present chunk is and how many bytes it has; nothing and 0 when it has none. To be used before the next call.
 * Phases: body_filter.
 */
export function look(): LuaMultiReturn<[memory: Bytes | undefined, bytes: number]> {
    const request = get_request();
    if (request === undefined) return $multi(undefined, 0);
    const found = ffi.C.ngx_http_lua_ffi_get_body_filter_param_body!(request, place, size);
    const bytes = tonumber(size.get(0))!;
    if (bytes === 0) return $multi(undefined, 0);
    if (found === NGX_AGAIN) return $multi(together(request, bytes), bytes);
    return $multi(place.get(0), bytes);
}

/** How many bytes the present chunk has: in less time than `look` takes where they are in several buffers. Phases: body_filter. */
export function bytes(): number {
    const request = get_request();
    if (request === undefined) return 0;
    ffi.C.ngx_http_lua_ffi_get_body_filter_param_body!(request, place, size);
    const count = tonumber(size.get(0))!;
    return count;
}

/** Whether the answer ends with the present chunk. Phases: body_filter. */
export function is_last(): boolean {
    const request = get_request();
    if (request === undefined) return false;
    const answer = ffi.C.ngx_http_lua_ffi_get_body_filter_param_eof!(request) as number;
    return answer === 1;
}

/** Keeps the present chunk from the client. Phases: body_filter. */
export function drop(): void {
    ngx.arg.set(1, "");
}

/** ngx_lua's function behind `ngx.arg[1] = …`. LuaJIT goes on after a call of it, and gives up where it is called by an assignment. */
const set_chunk = (getmetatable(ngx.arg) as unknown as { __newindex: unknown }).__newindex as (
    this: void,
    arg: object,
    index: number,
    text: string | string[],
) => void;

/** What stands before a chunk and the chunk, and what stands after it: nginx copies each, so that no Lua string is made of all. */
const two: string[] = ["", ""];
const three: string[] = ["", "", ""];

/** Adds text before and after the present chunk, which is where `look` has said. Makes a Lua string of it. Phases: body_filter. */
export function surround(before: string, memory: Bytes | undefined, bytes: number, after: string): void {
    if (memory === undefined) return set_chunk(ngx.arg, 1, before === "" ? after : before + after);
    const text = ffi.string(memory as unknown as CValue, bytes as unknown as number);
    // nginx takes a while for each part.
    const parts = after === "" ? two : three;
    parts[0] = before;
    parts[1] = text;
    if (after !== "") parts[2] = after;
    set_chunk(ngx.arg, 1, parts);
    parts[1] = "";
}
