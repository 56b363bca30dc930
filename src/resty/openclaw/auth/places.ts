/**
 * Where in a request a credential is: the Authorization header, another header, a cookie, or an argument of the query. Each place finds
 * the credential, and can take it away from what nodes get.
 */
import * as ffi from "ffi";
import * as kinds from "../config/kinds";
import * as request from "../core/request/request";
import * as texts from "../core/text/text";
import * as header_names from "./header_names";

/** A credential; nothing where there is none. Second value: whether there are several that differ. */
type Found = LuaMultiReturn<[credential: string | undefined, differ?: boolean | undefined]>;

ffi.cdef("intptr_t ngx_strncasecmp(const char *one, const char *other, size_t count);");
ffi.cdef("int memcmp(const void *one, const void *other, size_t bytes);");

export interface Place {
    /** The credential of the request. Phases: access. */
    find(): Found;
    /** The same, and removes it from what nodes get. Phases: access. */
    take(): Found;
}

interface Bearer extends Place {
    /** Whether a credential with two dots is one; nothing where that does not matter. */
    readonly has_dots: boolean | undefined;
}

interface Header extends Place {
    readonly header: header_names.Header;
}

interface Either extends Place {
    readonly first: Place;
    readonly second: Place;
}

interface Pair extends Place {
    /** nginx's variable of all of them. */
    readonly list: string;
    readonly name: string;
    /** Whether names may have percent signs in place of letters. */
    readonly is_escaped: boolean;
}

const SCHEME = "Bearer ";
/** Without the blank. */
const SCHEME_WORD_BYTES = SCHEME.length - 1;
const FIRST_AFTER_WORDS = string.byte("-");

/** Since this version of nginx, a header's variable contains all headers of that name; before, only the first. */
const JOINS_HEADERS_FROM = 1023000;
const MOST_HEADERS = 100;

/** Whether a text has exactly two dots, as tokens have and API keys of ours have not. */
function has_two_dots(text: string): boolean {
    const [first] = string.find(text, ".", 1, true);
    if (first === undefined) return false;
    const [second] = string.find(text, ".", first + 1, true);
    if (second === undefined) return false;
    const [third] = string.find(text, ".", second + 1, true);
    return third === undefined;
}

/** Whether the scheme stands there, mostly in its usual spelling. What is behind it may be missing or wrong. */
function is_scheme(memory: Bytes, count: number): boolean {
    if (count < SCHEME_WORD_BYTES) return false;
    if (count > SCHEME_WORD_BYTES) {
        if (ffi.C.memcmp!(memory, SCHEME, SCHEME.length) === 0) return true;
        // "BearerX" is another scheme.
        if (memory.get(SCHEME_WORD_BYTES) >= FIRST_AFTER_WORDS) return false;
    }
    return tonumber(ffi.C.ngx_strncasecmp!(memory, SCHEME, SCHEME_WORD_BYTES)) === 0;
}

function find_bearer(this: Bearer): Found {
    const [memory, count] = request.bytes_of("http_authorization");
    if (memory === undefined || !is_scheme(memory, count)) return $multi(undefined);
    const bytes = math.max(0, count - SCHEME.length);
    const text = ffi.string(pointer_add(memory, count - bytes), bytes);
    if (this.has_dots !== undefined && has_two_dots(text) !== this.has_dots) return $multi(undefined);
    return $multi(text);
}

function take_bearer(this: Bearer): Found {
    const [found] = this.find();
    // nginx itself refuses requests with two.
    if (found !== undefined) {
        ngx.req.clear_header("Authorization");
        request.forget("http_authorization");
    }
    return $multi(found);
}

/** Whether the request has several headers of a name, in any spelling, of which nginx shows one. */
function is_ambiguous(variable: string): boolean {
    if (ngx.config.nginx_version >= JOINS_HEADERS_FROM) return false;
    const [headers, err] = ngx.req.get_headers(MOST_HEADERS);
    if (err !== undefined) return true;
    let found = 0;
    for (const [name, value] of pairs(headers)) {
        if (header_names.variable_of(name) === variable) found += type(value) === "table" ? 2 : 1;
    }
    return found > 1;
}

function find_header(this: Header): Found {
    const text = request.variable(this.header.variable);
    if (text === undefined) return $multi(undefined);
    return $multi(text, is_ambiguous(this.header.variable));
}

function take_header(this: Header): Found {
    const text = request.variable(this.header.variable);
    if (text === undefined) return $multi(undefined);
    return $multi(text, header_names.remove(this.header) > 1);
}

/** What is behind the "=" of an item of a list, if it has this name in any spelling that nginx or nodes take for it. */
function value_of(item: string, pair: Pair): string | undefined {
    const [at] = string.find(item, "=", 1, true);
    if (at === undefined) return undefined;
    const written = texts.trim(string.sub(item, 1, at - 1));
    const name = pair.is_escaped ? ngx.unescape_uri(written) : written;
    // nginx finds both without regard to case.
    if (string.lower(name) !== string.lower(pair.name)) return undefined;
    return texts.trim(string.sub(item, at + 1));
}

function find_pair(pair: Pair, separator: string): Found {
    const list = request.variable(pair.list) ?? "";
    if (list === "") return $multi(undefined);
    let found: string | undefined;
    let differ = false;
    for (const item of texts.split(list, separator)) {
        const value = value_of(item, pair);
        if (value !== undefined && found !== undefined && value !== found) differ = true;
        found = value ?? found;
    }
    return $multi(found, differ);
}

/** The items of a list that have another name. */
function others(pair: Pair, separator: string): string {
    const left: string[] = [];
    for (const item of texts.split(request.variable(pair.list) ?? "", separator)) {
        if (value_of(item, pair) === undefined) left.push(item);
    }
    return table.concat(left, separator);
}

function find_cookie(this: Pair): Found {
    const [found, differ] = find_pair(this, ";");
    return $multi(found, differ);
}

function take_cookie(this: Pair): Found {
    const [found, differ] = this.find();
    if (found === undefined) return $multi(undefined);
    const left = texts.trim(others(this, ";"));
    if (left === "") ngx.req.clear_header("Cookie");
    else ngx.req.set_header("Cookie", left);
    request.forget("http_cookie");
    request.forget(`cookie_${this.name}`);
    return $multi(found, differ);
}

function find_argument(this: Pair): Found {
    const [found, differ] = find_pair(this, "&");
    if (found === undefined) return $multi(undefined);
    return $multi(ngx.unescape_uri(found), differ);
}

function take_argument(this: Pair): Found {
    const [found, differ] = this.find();
    if (found !== undefined) ngx.req.set_uri_args(others(this, "&"));
    return $multi(found, differ);
}

/** What was found in two places. */
function either_of(
    one: string | undefined,
    one_differs: boolean | undefined,
    other: string | undefined,
    other_differs: boolean | undefined,
): Found {
    if (other === undefined) return $multi(one, one_differs);
    if (one === undefined) return $multi(other, other_differs);
    return $multi(one, one !== other || one_differs === true || other_differs === true);
}

function find_either(this: Either): Found {
    const [one, one_differs] = this.first.find();
    const [other, other_differs] = this.second.find();
    const [found, differ] = either_of(one, one_differs, other, other_differs);
    return $multi(found, differ);
}

function take_either(this: Either): Found {
    const [one, one_differs] = this.first.take();
    const [other, other_differs] = this.second.take();
    const [found, differ] = either_of(one, one_differs, other, other_differs);
    return $multi(found, differ);
}

const bearer_metatable = { __index: { find: find_bearer, take: take_bearer } };
const header_metatable = { __index: { find: find_header, take: take_header } };
const cookie_metatable = { __index: { find: find_cookie, take: take_cookie } };
const argument_metatable = { __index: { find: find_argument, take: take_argument } };
const either_metatable = { __index: { find: find_either, take: take_either } };

/** The Authorization header. `has_dots`: whether only credentials with two dots count, or only others; any unless given. Phases: init. */
export function bearer(has_dots?: boolean): Place {
    return setmetatable({ has_dots }, bearer_metatable);
}

/** A header of that name. Phases: init. */
export function header(name: string): Place {
    return setmetatable({ header: header_names.of(name) }, header_metatable);
}

/** An entry of the option `from`. */
export const KIND = kinds.of<string>("string", '"header", "cookie:NAME" or "query:NAME"', (given) => {
    if (typeof given !== "string") return false;
    if (given === "header") return true;
    const [name] = string.match(given, "^cookie:([%w_]+)$");
    const [argument] = string.match(given, "^query:([%w_]+)$");
    return name !== undefined || argument !== undefined;
});

/** The place of an entry other than "header". Phases: init. */
export function of(entry: string): Place {
    const [kind, name] = string.match(entry, "^(%l+):(.+)$");
    if (kind === "cookie") {
        return setmetatable({ name: name!, list: "http_cookie", is_escaped: false }, cookie_metatable);
    }
    return setmetatable({ name: name!, list: "args", is_escaped: true }, argument_metatable);
}

/** All of these places, of which there is at least one. Without a loop at each request, as LuaJIT does not compile short ones well. Phases: init. */
export function all_of(places: readonly Place[]): Place {
    let all = places[0]!;
    for (const place of $range(1, places.length - 1)) {
        all = setmetatable({ first: all, second: places[place]! }, either_metatable);
    }
    return all;
}
