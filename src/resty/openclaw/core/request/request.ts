/**
 * Variables, times and status of the current request, for code that runs on every request. Phases: any; without a request the
 * functions return nothing, 0 or false.
 *
 * `ngx.var`, `ngx.now` and similar functions do the same. But LuaJIT cannot compile them on their own: they end in a return to
 * a metamethod's frame or in a tail call. After some attempts LuaJIT stops compiling them, and everything that calls them.
 * bench/README.md has measurements on the gateway's request path.
 */
import * as ffi from "ffi";
import { get_request } from "resty.core.base";
import type { Buffer } from "string.buffer";
import * as upstream_tries from "./upstream_tries";
import * as variable_index from "./variable_index";

ffi.cdef(`
double ngx_http_lua_ffi_now(void);
double ngx_http_lua_ffi_req_start_time(ngx_http_request_t *request);
int ngx_http_lua_ffi_get_resp_status(ngx_http_request_t *request);
int ngx_http_lua_ffi_is_subrequest(ngx_http_request_t *request);
int ngx_http_lua_ffi_var_get(ngx_http_request_t *request, const char *name, size_t name_bytes, char *lower_case,
    int capture, char **value, size_t *value_bytes, char **err);
int ngx_http_lua_ffi_var_set(ngx_http_request_t *request, const unsigned char *name, size_t name_bytes,
    unsigned char *lower_case, const unsigned char *value, size_t value_bytes, unsigned char *err, size_t *err_bytes);
intptr_t ngx_atoi(const char *digits, size_t count);
intptr_t ngx_atofp(const char *digits, size_t count, size_t decimals);
int memcmp(const void *one, const void *other, size_t bytes);
`);

const NGX_OK = 0;
const LONGEST_NAME = 128;
const LONGEST_MESSAGE = 256;
/** Number of decimals in nginx's times. */
const DECIMALS = 3;

const DIGIT_0 = string.byte("0");
const DIGIT_9 = string.byte("9");

const lower_case = ffi.new("char[?]", LONGEST_NAME);
const value = ffi.new("char *[1]") as unknown as LuaTable<number, CValue>;
const value_bytes = ffi.new("size_t[1]") as unknown as LuaTable<number, CValue>;
const message = ffi.new("char *[1]");
const message_text = ffi.new("unsigned char[?]", LONGEST_MESSAGE);
const message_bytes = ffi.new("size_t[1]") as unknown as LuaTable<number, number>;

/** The numbers of the variables that were asked for, by their names; `NONE` for those that are found by name. */
const numbers = new LuaTable<string, number>();
/**
 * Those of all variables that have one, read at the first look-up. At each first look-up of a variable it would be a loop on the
 * request path, and LuaJIT would compile everything around it in parts.
 */
let all_numbers: LuaTable<string, number> | undefined;

/** A variable of each request, whose value nginx keeps. */
const KNOWN = "host";

/** The numbers of the variables that `point` may give a value, by their names; `NONE` for those that it may not. */
const pointed = new LuaTable<string, number>();

function find_by_name(request: CValue, name: string): boolean {
    if (name.length > LONGEST_NAME) return false;
    const found = ffi.C.ngx_http_lua_ffi_var_get!(
        request,
        name,
        name.length,
        lower_case,
        0,
        value,
        value_bytes,
        message,
    );
    return found === NGX_OK;
}

function found_text(is_found: boolean): string | undefined {
    return is_found ? ffi.string(value.get(0), value_bytes.get(0) as unknown as number) : undefined;
}

/** The number of a variable that is asked for the first time: only if its value by number is that by name. */
function learn_number(request: CValue, name: string): number {
    if (variable_index.is_of_timer(request)) return variable_index.NONE;
    all_numbers ??= variable_index.numbers(request, false);
    let number = all_numbers.get(name) ?? variable_index.NONE;
    if (number !== variable_index.NONE) {
        const by_name = found_text(find_by_name(request, name));
        if (found_text(variable_index.read(request, number, value, value_bytes)) !== by_name)
            number = variable_index.NONE;
    }
    numbers.set(name, number);
    return number;
}

/** Sets `value` and `value_bytes` to where a variable's value is. False if it has no value or does not exist. */
function find(name: string): boolean {
    const request = get_request();
    if (request === undefined) return false;
    const number = numbers.get(name) ?? learn_number(request, name);
    const is_found =
        number === variable_index.NONE
            ? find_by_name(request, name)
            : variable_index.read(request, number, value, value_bytes);
    return is_found;
}

function first_byte(text: CValue): number {
    const byte = (text as unknown as LuaTable<number, number>).get(0);
    return byte;
}

/**
 * The value of a variable by its name without "$". Nothing if it has no value or does not exist, or if the name is longer than
 * 128 bytes. A variable that was set to an empty string is "".
 */
export function variable(name: string): string | undefined {
    if (!find(name)) return undefined;
    const text = ffi.string(value.get(0), value_bytes.get(0) as unknown as number);
    return text;
}

/** Where a variable's value is, until the request ends, and how many bytes it has. Nothing and 0 if it has no value. */
export function bytes_of(name: string): LuaMultiReturn<[memory: Bytes | undefined, count: number]> {
    if (!find(name)) return $multi(undefined, 0);
    return $multi(value.get(0) as unknown as Bytes, tonumber(value_bytes.get(0))!);
}

/** The number in so many bytes of memory; nothing if there are none, or others than digits. Phases: any. */
export function digits(memory: Bytes, count: number): number | undefined {
    const number = tonumber(ffi.C.ngx_atoi!(memory, count))!;
    return number < 0 ? undefined : number;
}

/**
 * Appends `before` and a variable's value to a buffer. If the value is missing or empty, appends nothing and returns false.
 * It makes no Lua string, which would cost interning, memory and garbage collection.
 */
export function append(target: Buffer, name: string, before: string): boolean {
    if (!find(name)) return false;
    const bytes = tonumber(value_bytes.get(0))!;
    if (bytes === 0) return false;
    target.put(before);
    target.putcdata(value.get(0), bytes);
    return true;
}

/** Appends a variable's value if it begins with a digit, as numbers do. Otherwise appends nothing and returns false. */
export function append_number(target: Buffer, name: string): boolean {
    if (!find(name)) return false;
    const bytes = tonumber(value_bytes.get(0))!;
    if (bytes === 0) return false;
    const first = first_byte(value.get(0));
    if (first < DIGIT_0 || first > DIGIT_9) return false;
    target.putcdata(value.get(0), bytes);
    return true;
}

/** The value of a variable that consists of digits, as a number; 0 for any other. Makes no Lua string. */
export function whole_number(name: string): number {
    if (!find(name)) return 0;
    const number = digits(value.get(0) as unknown as Bytes, tonumber(value_bytes.get(0))!);
    return number ?? 0;
}

/**
 * The value of a variable that contains one time in seconds, in nginx's format. Nothing if it has no value; -1 if the value is
 * something else, such as a list of times. Makes no Lua string.
 */
export function seconds(name: string): number | undefined {
    if (!find(name)) return undefined;
    const milliseconds = tonumber(ffi.C.ngx_atofp!(value.get(0), value_bytes.get(0), DECIMALS))!;
    return milliseconds < 0 ? -1 : milliseconds / 1000;
}

/**
 * The last time in a variable that has a time for each attempt, in seconds. Nothing if the variable has no value, or if the last
 * attempt has no time.
 */
export function last_seconds(name: string): number | undefined {
    const only = seconds(name);
    if (only === undefined || only >= 0) return only;
    const last = tonumber(upstream_tries.last(variable(name) ?? "-"));
    return last;
}

/** Sets a variable to so many bytes of memory, which nginx copies. Else as `set_variable`. */
export function set_bytes(name: string, bytes: string | Bytes, count: number): boolean {
    const request = get_request();
    if (request === undefined || name.length > LONGEST_NAME) return false;
    message_bytes.set(0, LONGEST_MESSAGE);
    const done = ffi.C.ngx_http_lua_ffi_var_set!(
        request,
        name,
        name.length,
        lower_case,
        bytes,
        count,
        message_text,
        message_bytes,
    );
    return done === NGX_OK;
}

/**
 * Sets a variable to a part of these bytes. nginx copies all of them, so that `point` can give others to other variables. False if
 * none declares the variable, or its number is not known; then its value is that of all bytes.
 */
export function set_part(name: string, bytes: Bytes, all_count: number, first: number, count: number): boolean {
    const request = get_request();
    if (request === undefined || !set_bytes(name, bytes, all_count)) return false;
    const number = numbers.get(name) ?? learn_number(request, name);
    const known = numbers.get(KNOWN) ?? learn_number(request, KNOWN);
    if (number === variable_index.NONE || known === variable_index.NONE) return false;
    variable_index.cut(request, known, number, first, count);
    return true;
}

/** For the first request in a worker: whether nginx finds the same value that `point` is to give to the variable. */
function learn_pointed(request: CValue, name: string, memory: Bytes, count: number): boolean {
    const known = numbers.get(KNOWN) ?? learn_number(request, KNOWN);
    if (!find(name)) return false;
    const is_same =
        known !== variable_index.NONE &&
        tonumber(value_bytes.get(0)) === count &&
        ffi.C.memcmp!(value.get(0), memory, count) === 0;
    pointed.set(name, is_same ? numbers.get(name) : variable_index.NONE);
    return false;
}

/**
 * Gives a variable that has no value yet one without a copy: `count` bytes in memory of nginx that lasts as long as the request,
 * such as those of another variable. It must be the value that nginx would find, by a longer way: nginx finds that of the first
 * request in each worker, and if it is another one, by a map of the user's, so do all others. False if nginx is to find the value.
 */
export function point(name: string, memory: Bytes, count: number): boolean {
    const request = get_request();
    if (request === undefined) return false;
    const number = pointed.get(name);
    if (number === undefined) return learn_pointed(request, name, memory, count);
    if (number === variable_index.NONE) return false;
    const is_given = variable_index.point(request, numbers.get(KNOWN), number, memory, count);
    return is_given;
}

/** The numbers of all variables of nginx's configuration; nothing before the first is forgotten. */
let every_number: LuaTable<string, number> | undefined;

/**
 * Has nginx look again for the value of a variable: it keeps that of `$http_cookie`, say, whatever becomes of the header. Does
 * nothing where the numbers of nginx's variables are not known. Phases: all with a request; not in timers.
 */
export function forget(name: string): void {
    const request = get_request();
    if (request === undefined || variable_index.is_of_timer(request)) return;
    every_number ??= variable_index.numbers(request, true);
    const number = every_number.get(name) as number | undefined;
    const known = numbers.get(KNOWN) ?? learn_number(request, KNOWN);
    if (number === undefined || known === variable_index.NONE) return;
    variable_index.forget(request, known, number);
}

/** Sets a variable that a `map` or `set` in nginx.conf declares. False if none does. */
export function set_variable(name: string, text: string): boolean {
    const is_set = set_bytes(name, text, text.length);
    return is_set;
}

/** nginx's cached time in seconds since 1970, with milliseconds. Phases: any. */
export function now(): WallTime {
    const seconds = ffi.C.ngx_http_lua_ffi_now!() as WallTime;
    return seconds;
}

/** When the first byte of the request was received, in seconds since 1970; 0 without a request. */
export function started(): WallTime {
    const request = get_request();
    if (request === undefined) return 0 as WallTime;
    const seconds = ffi.C.ngx_http_lua_ffi_req_start_time!(request) as WallTime;
    return seconds;
}

/** Seconds since the first byte of the request; never below 0. */
export function seconds_taken(): number {
    const began = started();
    const seconds = now() - began;
    // The fake request of a timer has no start time.
    return began > 0 && seconds > 0 ? seconds : 0;
}

/**
 * A number that is unique among the current requests of this worker. Internal redirects do not change it. 0 without a
 * request.
 */
export function key(): number {
    const request = get_request();
    if (request === undefined) return 0;
    const address = tonumber(ffi.cast("uintptr_t", request))!;
    return address;
}

/** The status of the response; 0 before it is known, and without a request. */
export function status(): number {
    const request = get_request();
    if (request === undefined) return 0;
    const code = ffi.C.ngx_http_lua_ffi_get_resp_status!(request) as number;
    // A negative number is an error code.
    return code > 0 ? code : 0;
}

/** Whether there is a client's request. Timers and similar phases have a fake request, which most of nginx's functions reject. */
export function is_there(): boolean {
    const request = get_request();
    if (request === undefined) return false;
    const code = ffi.C.ngx_http_lua_ffi_get_resp_status!(request) as number;
    return code >= 0;
}

/** Whether this is a subrequest, which has no log phase. */
export function is_subrequest(): boolean {
    const request = get_request();
    if (request === undefined) return false;
    const answer = ffi.C.ngx_http_lua_ffi_is_subrequest!(request) as number;
    return answer === 1;
}
