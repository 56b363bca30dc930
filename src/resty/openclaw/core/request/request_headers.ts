/**
 * Which headers a request has, found in one pass over all of them. nginx makes such a pass for each variable `$http_…` that is read, and
 * looks for the variable first.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";
import * as request from "./request";

// Under names of our own, as lua-resty-core declares the functions itself.
ffi.cdef(`
struct openclaw_header_text { int bytes; const unsigned char *memory; };
struct openclaw_header { struct openclaw_header_text name, value; };
int openclaw_count_all_headers(ngx_http_request_t *request, int most, int *is_cut)
    __asm__("ngx_http_lua_ffi_req_get_headers_count");
int openclaw_get_headers(ngx_http_request_t *request, struct openclaw_header *target, int count, int has_spelling)
    __asm__("ngx_http_lua_ffi_req_get_headers");
`);

interface Text {
    readonly bytes: number;
    readonly memory: CValue;
}
interface Header {
    readonly name: Text;
    readonly value: Text;
}
type Headers = LuaTable<number, Header>;

/** No limit. */
const ALL = 0;
/** There is memory for so many headers, and more once a request has more. */
let room = 100;
let headers = ffi.new("struct openclaw_header[?]", room) as unknown as Headers;
const is_cut = ffi.new("int[1]");

/** In which pass a header was last there, by name. */
const passes = new LuaTable<string, number>();
/** Where it was then, among all headers. */
const places = new LuaTable<string, number>();
/** In which pass a header was last there more than once. */
const repeated = new LuaTable<string, number>();
const NEVER = -1;
let pass = 0;

/** The name of the header that a variable `$http_…` shows; nothing for any other variable. Phases: any. */
export function name_of(variable: string): string | undefined {
    if (string.sub(variable, 1, 5) !== "http_") return undefined;
    const [name] = string.gsub(string.sub(variable, 6), "_", "-");
    return name;
}

/** nginx's variable of a header. Phases: any. */
function variable_of(name: string): string {
    const [underscored] = string.gsub(name, "-", "_");
    return `http_${underscored}`;
}

/** Has each pass look for a header: its name in small letters, with hyphens. Phases: init. */
export function want(name: string): void {
    passes.set(name, NEVER);
    places.set(name, 0);
    repeated.set(name, NEVER);
}

/** The name with hyphens: with `underscores_in_headers`, nginx takes `_` for `-`. */
function hyphenated(name: string): string {
    const [underscore] = string.find(name, "_", 1, true);
    if (underscore === undefined) return name;
    const [hyphens] = string.gsub(name, "_", "-");
    return hyphens;
}

function note(given: string, place: number): void {
    let name = given;
    let last = passes.get(name) as number | undefined;
    if (last === undefined) {
        name = hyphenated(given);
        last = passes.get(name) as number | undefined;
        if (last === undefined) return;
    }
    if (last === pass) repeated.set(name, pass);
    passes.set(name, pass);
    places.set(name, place);
}

/**
 * Looks at the headers of the request at hand, for the functions below: before the next yield, and until a header is changed. Returns how many
 * there are. Phases: rewrite, access.
 */
export function look(): number {
    pass += 1;
    const its_request = get_request();
    if (its_request === undefined) return 0;
    const count = ffi.C.openclaw_count_all_headers!(its_request, ALL, is_cut) as number;
    if (count <= 0) return 0;
    if (count > room) {
        room = count;
        headers = ffi.new("struct openclaw_header[?]", room) as unknown as Headers;
    }
    ffi.C.openclaw_get_headers!(its_request, headers as unknown as CValue, count, 0);
    for (const place of $range(0, count - 1)) {
        const { name } = headers.get(place);
        note(ffi.string(name.memory, name.bytes), place);
    }
    return count;
}

/** Whether the request has a header that is wanted. Phases: rewrite, access. */
export function has(name: string): boolean {
    return passes.get(name) === pass;
}

/** Whether the request has it more than once, in whatever spelling. Phases: rewrite, access. */
export function has_several(name: string): boolean {
    return repeated.get(name) === pass;
}

/** Its value, as the variable `$http_…` shows it; nothing without the header. Phases: rewrite, access. */
export function value_of(name: string): string | undefined {
    if (!has(name)) return undefined;
    if (has_several(name)) return request.variable(variable_of(name));
    const { value } = headers.get(places.get(name));
    const text = ffi.string(value.memory, value.bytes);
    return text;
}
