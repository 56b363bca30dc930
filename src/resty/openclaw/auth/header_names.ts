/** Names of headers, which clients may spell in more than one way: with `underscores_in_headers`, nginx takes `_` for `-`. */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";
import * as kinds from "../config/kinds";
import * as request from "../core/request/request";

// Under a name of our own, as lua-resty-core declares the function itself.
ffi.cdef(`
int openclaw_count_headers(ngx_http_request_t *request, int most, int *is_cut)
    __asm__("ngx_http_lua_ffi_req_get_headers_count");
`);

const MOST_HYPHENS = 5;

/** nginx's variable of a header. Phases: any. */
export function variable_of(name: string): string {
    const [underscored] = string.gsub(string.lower(name), "-", "_");
    return `http_${underscored}`;
}

function hyphens_in(name: string): number {
    const [, count] = string.gsub(name, "-", "-");
    return count;
}

/** Headers that HTTP itself needs, that have credentials of their own form, or that nginx/proxy.conf sets. */
const TAKEN = new LuaSet<string>();
for (const name of [
    "accept-encoding",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "traceparent",
    "tracestate",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-real-ip",
    "x-request-id",
]) {
    TAKEN.add(name);
}
const OUR_PREFIX = "x-openclaw-";

function is_taken(name: string): boolean {
    const lower = string.lower(name);
    return TAKEN.has(lower) || string.sub(lower, 1, OUR_PREFIX.length) === OUR_PREFIX;
}

/** The name of a header that the gateway may set, or read keys from. */
export const KIND = kinds.of<string>(
    "string",
    `the name of a header, with at most ${MOST_HYPHENS} hyphens, that neither HTTP nor the gateway uses itself`,
    (given) => {
        if (typeof given !== "string") return false;
        const [legal] = string.find(given, "^%a[%w-]*$");
        return legal !== undefined && hyphens_in(given) <= MOST_HYPHENS && !is_taken(given);
    },
);

/** A header that the gateway removes from requests. */
export interface Header {
    readonly name: string;
    /** nginx's variable, which has it in any spelling. */
    readonly variable: string;
    readonly other_spellings: readonly string[];
}

function spellings(name: string): string[] {
    let all = [""];
    for (const place of $range(1, name.length)) {
        const letter = string.sub(name, place, place);
        const longer: string[] = [];
        for (const beginning of all) {
            longer.push(beginning + letter);
            if (letter === "-") longer.push(`${beginning}_`);
        }
        all = longer;
    }
    return all;
}

/** A header by its name. Phases: init. */
export function of(name: string): Header {
    const other_spellings: string[] = [];
    for (const spelling of spellings(name)) if (spelling !== name) other_spellings.push(spelling);
    return { name, variable: variable_of(name), other_spellings };
}

const is_cut = ffi.new("int[1]");

/** How many headers the request has. */
function count(): number {
    const number = ffi.C.openclaw_count_headers!(get_request(), 0, is_cut) as number;
    return number;
}

function is_there(header: Header): boolean {
    const [memory] = request.bytes_of(header.variable);
    return memory !== undefined;
}

function remove_others(header: Header): void {
    for (const spelling of header.other_spellings) ngx.req.clear_header(spelling);
}

/** Removes a header from the request, in all spellings. Returns how many there were. Phases: rewrite, access. */
export function remove(header: Header): number {
    const before = count();
    ngx.req.clear_header(header.name);
    if (is_there(header)) remove_others(header);
    request.forget(header.variable);
    return before - count();
}

/** Removes a header that mostly is not there. As `remove`. */
export function clear(this: void, header: Header): void {
    if (is_there(header)) remove(header);
}
