/**
 * The key under which nginx caches an answer: the SHA-256 of all of a request that nodes answer by, each part with its
 * length before it, so that no part runs into the next. 64 letters, however long the request's parts are: nginx keeps the
 * key in the buffer of the answer's header, and does not cache where it has no room.
 *
 * `$openclaw_cache_key` has it. Until it is filled in, and for requests that may not share an answer, nginx.conf gives
 * the variable a value that no other request has, and `$openclaw_cache_skip` is 1.
 */
import type { Digest } from "../bytes/digest";
import * as digests from "../bytes/digest";
import * as request from "./request";

export interface CacheKey {
    readonly digest: Digest;
    /** The variables in it. */
    readonly variables: readonly string[];
    /** Those whose mere presence keeps a request out of the cache. */
    readonly credentials: readonly string[];
    /** The headers among the first, as clients spell them; of interest where nginx shows only the first of several. */
    readonly headers: LuaSet<string>;
    /** Whether nginx.conf has the variables; found out by the first request. */
    is_declared: boolean;
}

const KEY = "openclaw_cache_key";
const SKIP = "openclaw_cache_skip";

/**
 * The method, as nginx looks up GET and HEAD whatever `proxy_cache_methods` says. Where the request came to, and as what:
 * servers may share a zone, and nodes make addresses of `Host`. The address as it came, as `/a%3Fb` is not `/a?b`; and as
 * `rewrite` left it. What the body is, and the answer may be. Who answers, and who asks.
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
    "http_content_type",
    "http_content_encoding",
    "http_accept",
    "openclaw_route",
    "openclaw_variant",
    "openclaw_identity",
];

/** Headers by which clients show who they are: those of RFC 9110 and 6265, and of the usual APIs. */
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

/** From this version on a header's variable has all headers of that name; before, only the first. */
const JOINS_HEADERS_FROM = 1023000;
/** A request with more headers, on an older nginx, is not cached. */
const MOST_HEADERS = 100;

/** Of one request at a time: nothing yields while it is in use. */
const parts: (string | number)[] = [];

function is_header(this: void, name: string): boolean {
    return string.sub(name, 1, 5) === "http_";
}

/** The key of a digest and the request at hand. On failure nil and why. */
function make(key: CacheKey, body_digest: string): Result<string> {
    const count = key.variables.length;
    for (const place of $range(1, count)) {
        const value = request.variable(key.variables[place - 1]!);
        // None and an empty one are two things.
        parts[2 * place - 2] = value === undefined ? "-" : value.length;
        parts[2 * place - 1] = value ?? "";
    }
    parts[2 * count] = body_digest;
    const text = table.concat(parts as string[], ":", 1, 2 * count + 1);
    return key.digest.of(text);
}

/**
 * Whether some header that counts was sent twice, or in a spelling with `_` that nginx takes for it, and nginx shows only
 * one of them.
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

/** Whether the request shows who asks by something that is no part of the key. */
function is_personal(key: CacheKey): boolean {
    for (const name of key.credentials) {
        if (request.variable(name) !== undefined) return true;
    }
    // A name that nobody has looked into yet.
    const identity = request.variable("openclaw_identity") ?? "";
    return identity === "" && request.variable("http_x_openclaw_identity") !== undefined;
}

/** Keeps the request at hand out of the cache. Phases: server_rewrite, access. */
export function withhold(key: CacheKey): void {
    if (!key.is_declared) return;
    request.set_variable(SKIP, "1");
    key.is_declared = request.set_variable(KEY, `none-${request.variable("request_id") ?? ""}`);
}

/**
 * Fills in the key of the request at hand, whose body has that digest; keeps it out of the cache where it shows
 * credentials that are no part of the key. Does nothing where nginx.conf lacks the variables. Phases: server_rewrite,
 * access.
 */
export function fill(key: CacheKey, body_digest: string): void {
    if (!key.is_declared) return;
    if (is_personal(key) || is_ambiguous(key)) return withhold(key);
    const [text] = make(key, body_digest);
    if (text === undefined) return withhold(key);
    key.is_declared = request.set_variable(KEY, text);
    if (key.is_declared) request.set_variable(SKIP, "");
}

/** What is said of the key: see the options of the same names in docs/body_digest.md. */
export interface Choice {
    readonly credentials: "bypass" | "key";
    readonly key_variables: readonly string[];
}

/** The key of requests whose answers depend on more than the body. Phases: init. */
function create(choice: Choice): CacheKey {
    const variables: string[] = [];
    const known = new LuaSet<string>();
    const add = (name: string): void => {
        if (!known.has(name)) variables.push(name);
        known.add(name);
    };
    for (const name of OF_REQUEST) add(name);
    // nginx knows headers by their names in lower case.
    for (const name of choice.key_variables) add(string.lower(name));
    const credentials: string[] = [];
    for (const name of CREDENTIALS) {
        if (choice.credentials === "key") add(name);
        if (!known.has(name)) credentials.push(name);
    }
    const headers = new LuaSet<string>();
    for (const name of variables) {
        if (is_header(name)) headers.add(string.gsub(string.sub(name, 6), "_", "-")[0]);
    }
    return { digest: digests.new("sha256"), variables, credentials, headers, is_declared: true };
}
export { create as new };
