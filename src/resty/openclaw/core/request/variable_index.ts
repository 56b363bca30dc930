/**
 * The numbers of nginx's variables. nginx itself finds a variable that its configuration uses by number; ngx_lua knows names only,
 * and hashes and compares one at each look-up.
 *
 * No function of nginx tells a running worker these numbers, so they are read from nginx's own table of variables. Its layout is that of
 * ngx_http_request_t, ngx_http_core_main_conf_t and ngx_http_variable_t in nginx 1.13 to 1.31. Whether it holds is checked before
 * anything of it is used; where it does not, no variable has a number, and all are found by name.
 */
import * as bits from "bit";
import * as ffi from "ffi";

ffi.cdef(`
typedef struct { size_t len; const char *data; } openclaw_text_t;
typedef struct { void *elements; uintptr_t count; size_t size; uintptr_t room; void *pool; } openclaw_array_t;
typedef struct {
    openclaw_text_t name; void *set; void *get; uintptr_t data; uintptr_t flags; uintptr_t index;
} openclaw_variable_t;
typedef struct {
    openclaw_array_t servers; void *phase_handlers; uintptr_t phase_indexes[2]; void *headers_in_hash[2];
    void *variables_hash[2]; openclaw_array_t variables;
} openclaw_main_conf_t;
typedef struct { void *data; void *read; void *write; int socket; } openclaw_connection_t;
typedef struct {
    uint32_t signature; openclaw_connection_t *connection; void **context; openclaw_main_conf_t **main_conf;
} openclaw_request_t;
typedef struct { int32_t bits; char *data; } openclaw_value_t;
extern uintptr_t openclaw_http_core_module __asm__("ngx_http_core_module");
openclaw_value_t *openclaw_get_variable(ngx_http_request_t *request, uintptr_t index)
    __asm__("ngx_http_get_flushed_variable");
`);

interface Text {
    readonly len: unknown;
    readonly data: CValue;
}

interface NginxVariable {
    readonly name: Text;
    readonly flags: unknown;
}

interface NginxArray {
    readonly elements: CValue;
    readonly count: unknown;
    readonly size: unknown;
}

interface NginxRequest {
    readonly signature: number;
    readonly connection: { readonly socket: number };
    readonly main_conf: LuaTable<number, { readonly servers: NginxArray; readonly variables: NginxArray }>;
}

/** A value as nginx keeps it: its length and some marks in `bits`, and where its bytes are. */
interface NginxValue {
    bits: number;
    data: CValue | Bytes;
}

declare const places_after: LuaAddition<NginxValue, number, NginxValue>;

/** What a variable without a number has. */
export const NONE = -1;

/** "HTTP", the first field of a request. Source: NGX_HTTP_MODULE in ngx_http_request.h. */
const SIGNATURE = 0x50545448;
/** NGX_HTTP_VAR_NOCACHEABLE and NGX_HTTP_VAR_PREFIX in ngx_http_variables.h. */
const NO_CACHEABLE = 2;
const PREFIX = 32;
/** More variables than any configuration has. */
const MOST_VARIABLES = 100_000;

const library = ffi.C as unknown as {
    /** The number of the module, which is the first field of its description. */
    readonly openclaw_http_core_module: unknown;
    openclaw_get_variable(this: void, request: CValue, index: number): NginxValue | undefined;
};

const LENGTH = 0xfffffff;
const VALID = 0x10000000;
const NOT_FOUND = 0x40000000;
/** What the request of a timer has as its socket. */
const NO_SOCKET = -1;

function as_nginx_has_it(request: CValue): NginxRequest {
    const its_request = ffi.cast("openclaw_request_t *", request) as unknown as NginxRequest;
    return its_request;
}

/** The number of nginx's core module. Raises where nginx was built so that its functions and data have no names for libraries. */
function core_module(this: void): number {
    if (library.openclaw_get_variable === undefined) error("no function", 0);
    return tonumber(library.openclaw_http_core_module)!;
}

/** nginx's variables that have numbers; nothing where they are not found, or the layout is another one than expected. */
function variables_of(request: CValue): NginxArray | undefined {
    const { signature, main_conf } = as_nginx_has_it(request);
    const [is_known, module] = pcall(core_module);
    if (!is_known || signature !== SIGNATURE) return undefined;
    const { servers, variables } = main_conf.get(module as number);
    const is_as_expected =
        tonumber(servers.size) === ffi.sizeof("void *") &&
        tonumber(variables.size) === ffi.sizeof("openclaw_variable_t") &&
        tonumber(variables.count)! <= MOST_VARIABLES;
    return is_as_expected ? variables : undefined;
}

/**
 * Whether the variable has the same value by number as by name. Of a variable that a module makes from a part of its name, as
 * `$arg_…`, nginx keeps the first value of a request for its number, and makes a new one for each look-up by name.
 */
function is_same_by_name(flags: number): boolean {
    return bits.band(flags, PREFIX) === 0 || bits.band(flags, NO_CACHEABLE) !== 0;
}

/** Whether this is the request of a timer, which has no variables. Phases: any with a request. */
export function is_of_timer(request: CValue): boolean {
    return as_nginx_has_it(request).connection.socket === NO_SOCKET;
}

/**
 * The numbers of the variables that nginx's configuration uses, by their names; none where the layout is another one than expected.
 * To be called once. Phases: all with a request.
 * @param has_all also those whose value by name may be another one than by number
 */
export function numbers(request: CValue, has_all: boolean): LuaTable<string, number> {
    const found = new LuaTable<string, number>();
    const variables = variables_of(request);
    if (variables === undefined) return found;
    const all = ffi.cast("openclaw_variable_t *", variables.elements) as unknown as LuaTable<number, NginxVariable>;
    for (const place of $range(0, tonumber(variables.count)! - 1)) {
        const { name, flags } = all.get(place);
        if (has_all || is_same_by_name(tonumber(flags)!)) found.set(ffi.string(name.data, tonumber(name.len)), place);
    }
    return found;
}

/**
 * Writes where the value of the variable with this number is, and how many bytes it has. False if it has no value. Phases: all with a
 * request; false in a timer.
 */
export function read(
    request: CValue,
    number: number,
    value: LuaTable<number, CValue>,
    value_bytes: LuaTable<number, CValue>,
): boolean {
    if (is_of_timer(request)) return false;
    const found = library.openclaw_get_variable(request, number);
    if (found === undefined || bits.band(found.bits, NOT_FOUND) !== 0) return false;
    value.set(0, found.data as CValue);
    value_bytes.set(0, bits.band(found.bits, LENGTH) as unknown as CValue);
    return true;
}

/** Where nginx keeps the value of a variable. `known`: the number of any variable whose value nginx keeps: all are in one array. */
function place_of(request: CValue, known: number, number: number): NginxValue | undefined {
    const place = library.openclaw_get_variable(request, known);
    return place === undefined ? undefined : places_after(place, number - known);
}

/**
 * Gives a variable a value without a copy: the bytes are in memory of nginx that lasts as long as the request. False if it has
 * a value already. Phases: all with a request; false in a timer.
 * @param known the number of a variable whose value nginx keeps, such as `$host`
 */
export function point(request: CValue, known: number, number: number, memory: Bytes, count: number): boolean {
    if (is_of_timer(request)) return false;
    const place = place_of(request, known, number);
    if (place === undefined || bits.band(place.bits, VALID + NOT_FOUND) !== 0) return false;
    place.data = memory;
    place.bits = count + VALID;
    return true;
}

/** Makes a part of a variable's value its value. Phases: all with a request. */
export function cut(request: CValue, known: number, number: number, first: number, count: number): void {
    const place = place_of(request, known, number);
    if (place === undefined) return;
    place.data = pointer_add(place.data as Bytes, first);
    place.bits = count + VALID;
}

/** Has nginx make the value of a variable anew when it is asked for it. Phases: all with a request. */
export function forget(request: CValue, known: number, number: number): void {
    const place = place_of(request, known, number);
    if (place !== undefined) place.bits = 0;
}
