/**
 * The key under which nginx caches a response: the SHA-256 of all parts of a request that the response may depend on, and of a version.
 * Each part is preceded by its length, so that two different lists of parts never give the same text. The key always has 64 characters:
 * nginx keeps it in the buffer of the response header, and does not cache if there is no room.
 *
 * `$openclaw_cache_key` contains the key. Until it is set, and for requests that may not share a response, the variable has a
 * value from nginx.conf that is unique to the request, and `$openclaw_cache_skip` is 1.
 */
import type { Digest } from "../bytes/digest";
import * as digests from "../bytes/digest";
import * as request from "./request";

export interface CacheKey {
    readonly digest: Digest;
    /** The variables whose values are in the key. */
    readonly variables: readonly string[];
    /** Variables that keep a request out of the cache if they have a value. */
    readonly credentials: readonly string[];
    /** The headers among `variables`, as clients spell them; used if nginx shows only the first of several headers. */
    readonly headers: LuaSet<string>;
    /** Whether nginx.conf declares the variables; the first request shows it. */
    is_declared: boolean;
}

/** What keys are made of, and how: another number gives other keys. */
const VERSION = "1";
const KEY = "openclaw_cache_key";
const SKIP = "openclaw_cache_skip";

/**
 * - the method: nginx looks up GET and HEAD in the cache whatever `proxy_cache_methods` says;
 * - scheme, port, server and host: servers may share a zone, and nodes build URLs from `Host`;
 * - the URI as received, because `/a%3Fb` is not `/a?b`; and as changed by `rewrite`;
 * - the encoding of the body, and the accepted types of the response; the type of the body comes with its digest;
 * - the route and variant.
 */
const OF_REQUEST = [
    "request_method",
    "scheme",
    "server_port",
    "server_name",
    "host",
    "http_host",
    "request_uri",
    "uri",
    "args",
    "http_content_encoding",
    "http_accept",
    "openclaw_route",
    "openclaw_variant",
];

/** All that is known of a caller. How an identity is known is a part, as names of tokens and of keys may be alike. */
export const CALLER = ["openclaw_identity", "openclaw_tenant", "openclaw_class", "openclaw_auth_method"];

/** Its header is in the key, or what the header says. */
const CONTENT_TYPE = "content-type";

/** Headers with credentials of clients: those of RFC 9110 and 6265, and of common APIs. */
const CREDENTIALS = [
    "http_authorization",
    "http_proxy_authorization",
    "http_cookie",
    "http_x_api_key",
    "http_api_key",
    "http_apikey",
    "http_x_auth_token",
    "http_x_access_token",
    "http_x_goog_api_key",
    "http_ocp_apim_subscription_key",
];

/** Since this version of nginx, a header's variable contains all headers of that name; before, only the first. */
const JOINS_HEADERS_FROM = 1023000;
/** On an older nginx, a request with more headers is not cached. */
const MOST_HEADERS = 100;

/** Reused by all requests: no function yields while it is in use. */
const parts: (string | number)[] = [];

function is_header(this: void, name: string): boolean {
    return string.sub(name, 1, 5) === "http_";
}

/** Sets a part of the key. A missing value and an empty one must differ. */
function set_part(place: number, value: string | undefined): void {
    parts[2 * place] = value === undefined ? "-" : value.length;
    parts[2 * place + 1] = value ?? "";
}

/** The key of the current request. On failure nil and why. */
function make(
    key: CacheKey,
    content_type: string | undefined,
    body_digest: string,
    generations: string,
): Result<string> {
    const count = key.variables.length;
    set_part(0, VERSION);
    for (const place of $range(1, count)) set_part(place, request.variable(key.variables[place - 1]!));
    set_part(count + 1, content_type);
    set_part(count + 2, body_digest);
    set_part(count + 3, generations);
    const text = table.concat(parts as string[], ":", 1, 2 * (count + 4));
    return key.digest.of(text);
}

/**
 * Whether a header of the key was sent twice, or with `_` instead of `-`, which nginx treats as the same header, while nginx's
 * variable shows only one of them.
 */
function is_ambiguous(key: CacheKey): boolean {
    if (ngx.config.nginx_version >= JOINS_HEADERS_FROM) return false;
    const [headers, err] = ngx.req.get_headers(MOST_HEADERS);
    if (err !== undefined) return true;
    const seen = new LuaSet<string>();
    for (const [name, value] of pairs(headers)) {
        const [dashed] = string.gsub(name, "_", "-");
        if (key.headers.has(dashed)) {
            if (type(value) === "table" || seen.has(dashed)) return true;
            seen.add(dashed);
        }
    }
    return false;
}

/** Whether the request has credentials or an identity that are not part of the key. */
function is_personal(key: CacheKey): boolean {
    for (const name of key.credentials) {
        if (request.variable(name) !== undefined) return true;
    }
    // An identity header that no plugin has checked yet.
    const identity = request.variable("openclaw_identity") ?? "";
    return identity === "" && request.variable("http_x_openclaw_identity") !== undefined;
}

/** Keeps the current request out of the cache. Phases: server_rewrite, access. */
export function withhold(key: CacheKey): void {
    if (!key.is_declared) return;
    request.set_variable(SKIP, "1");
    key.is_declared = request.set_variable(KEY, `none-${request.variable("request_id") ?? ""}`);
}

/** Takes the key from a request that was redirected to another route, whose answers are others. Phases: access. */
export function revoke(): void {
    request.set_variable(SKIP, "1");
    request.set_variable(KEY, `none-${request.variable("request_id") ?? ""}`);
}

/**
 * Sets the key of the current request, whose body has that digest and is of that type. Keeps the request out of the cache if it has
 * credentials that are not part of the key. Does nothing if nginx.conf does not declare the variables. Returns the key; nothing if the
 * request has none. Phases: server_rewrite, access.
 * @param generations a part of the key: another text for each time that answers of this kind were purged
 */
export function fill(
    key: CacheKey,
    content_type: string | undefined,
    body_digest: string,
    generations = "",
): string | undefined {
    if (!key.is_declared) return undefined;
    const is_shareable = !is_personal(key) && !is_ambiguous(key);
    const [text] = is_shareable ? make(key, content_type, body_digest, generations) : [undefined];
    if (text === undefined) {
        withhold(key);
        return undefined;
    }
    key.is_declared = request.set_variable(KEY, text);
    if (!key.is_declared) return undefined;
    request.set_variable(SKIP, "");
    return text;
}

/**
 * Gives the current request, which has a key, another one: made from that one and the generation. Returns it; nothing if the request has
 * none now. Phases: access.
 */
export function renew(key: CacheKey, former: string, generation: string): string | undefined {
    const [text] = key.digest.of(`${former}:${generation}`);
    if (text === undefined) {
        withhold(key);
        return undefined;
    }
    key.is_declared = request.set_variable(KEY, text);
    return key.is_declared ? text : undefined;
}

/** Whether the value of a variable is a part of the keys. Phases: any. */
export function has_variable(key: CacheKey, name: string): boolean {
    for (const one of key.variables) if (one === name) return true;
    return false;
}

/** The options of the key; see docs/body_digest.md. */
export interface Choice {
    readonly credentials: "bypass" | "key";
    readonly key_variables: readonly string[];
    /** The variables that say whose answers they are. */
    readonly callers: readonly string[];
}

/** Makes keys from these options. Phases: init. */
function create(choice: Choice): CacheKey {
    const variables: string[] = [];
    const known = new LuaSet<string>();
    const add = (name: string): void => {
        if (!known.has(name)) variables.push(name);
        known.add(name);
    };
    for (const name of OF_REQUEST) add(name);
    for (const name of choice.callers) add(name);
    // nginx's names of header variables are in lower case.
    for (const name of choice.key_variables) add(string.lower(name));
    const credentials: string[] = [];
    for (const name of CREDENTIALS) {
        if (choice.credentials === "key") add(name);
        if (!known.has(name)) credentials.push(name);
    }
    const headers = new LuaSet<string>();
    headers.add(CONTENT_TYPE);
    for (const name of variables) {
        if (is_header(name)) headers.add(string.gsub(string.sub(name, 6), "_", "-")[0]);
    }
    return { digest: digests.new("sha256"), variables, credentials, headers, is_declared: true };
}
export { create as new };
