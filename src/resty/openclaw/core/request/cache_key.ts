/**
 * The key under which nginx caches a response: the SHA-256 of all parts of a request that the response may depend on, and of a version.
 * Each part is preceded by its length, so that two different lists of parts never give the same text. The key always has 64 characters:
 * nginx keeps it in the buffer of the response header, and does not cache if there is no room.
 *
 * `$openclaw_cache_key` contains the key. Until it is set, and for requests that may not share a response, the variable has a
 * value from nginx.conf that is unique to the request, and `$openclaw_cache_skip` is 1.
 */
import * as string_buffer from "string.buffer";
import type { Digest } from "../bytes/digest";
import * as digests from "../bytes/digest";
import * as request from "./request";
import * as request_headers from "./request_headers";

export interface CacheKey {
    readonly digest: Digest;
    /** The variables whose values are in the key. */
    readonly variables: readonly string[];
    /** Headers that keep a request out of the cache. */
    readonly credentials: readonly string[];
    /** The headers among `variables`, of which nginx may show only the first of several. */
    readonly headers: readonly string[];
    /** Whether nginx.conf declares the variables; the first request shows it. */
    is_declared: boolean;
}

/** What keys are made of, and how: another number gives other keys. */
const VERSION = "2";
/** The first part, as all others: its length and itself. */
const VERSION_PART = `${VERSION.length}:${VERSION}`;
/** In place of the digest of a body, which begins otherwise. */
const NO_BODY = "near ";
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
    "openclaw_route",
    "openclaw_variant",
];
/** As said there. Most requests do not have them; nginx would look for each. */
const OF_HEADERS = ["content-encoding", "accept"];

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

const IDENTITY = "x-openclaw-identity";

/** The text of the key; reused by all requests: no function yields while it is in use. */
const text = string_buffer.new();

/** How the parts of common lengths begin: writing a number takes longer than all the rest. */
const BEGINNINGS: string[] = [];
const COMMON_BYTES = 128;
for (const bytes of $range(0, COMMON_BYTES)) BEGINNINGS.push(`:${bytes}:`);
const MISSING = ":-:";

function begin_part(bytes: number): void {
    if (bytes <= COMMON_BYTES) text.put(BEGINNINGS[bytes]!);
    else text.put(":", bytes, ":");
}

/** Adds a part. A missing value and an empty one must differ. */
function add_text(value: string | undefined): void {
    if (value === undefined) {
        text.put(MISSING);
        return;
    }
    begin_part(value.length);
    text.put(value);
}

/** Adds the value of a variable, without a Lua string of it. */
function add_variable(name: string): void {
    const [memory, count] = request.bytes_of(name);
    if (memory === undefined) {
        text.put(MISSING);
        return;
    }
    begin_part(count);
    text.putcdata(memory, count);
}

/** The key of the current request. On failure nil and why. */
function make(
    key: CacheKey,
    content_type: string | undefined,
    body_digest: string,
    generations: string,
): Result<string> {
    text.reset().put(VERSION_PART);
    for (const name of key.variables) add_variable(name);
    for (const name of OF_HEADERS) add_text(request_headers.value_of(name));
    add_text(content_type);
    add_text(body_digest);
    add_text(generations);
    const [memory, count] = text.ref();
    const context = key.digest.begin();
    digests.update(context, memory as unknown as Bytes, count);
    return key.digest.finish(context);
}

/**
 * Whether a header of the key was sent twice, or with `_` instead of `-`, which nginx treats as the same header, while nginx's
 * variable shows only one of them.
 */
function is_ambiguous(key: CacheKey, header_count: number): boolean {
    if (ngx.config.nginx_version >= JOINS_HEADERS_FROM) return false;
    if (header_count > MOST_HEADERS) return true;
    for (const name of key.headers) if (request_headers.has_several(name)) return true;
    return false;
}

/** Whether the request has credentials or an identity that are not part of the key. */
function is_personal(key: CacheKey): boolean {
    for (const name of key.credentials) if (request_headers.has(name)) return true;
    // An identity header that no plugin has checked yet.
    return request_headers.has(IDENTITY) && (request.variable("openclaw_identity") ?? "") === "";
}

/** Keeps the current request out of the cache. Phases: server_rewrite, access. */
export function withhold(key: CacheKey): void {
    if (!key.is_declared) return;
    request.set_variable(SKIP, "1");
    key.is_declared = request.set_variable(KEY, `none-${request.variable("request_id") ?? ""}`);
}

function withheld(key: CacheKey): undefined {
    withhold(key);
    return undefined;
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
    const header_count = request_headers.look();
    if (is_personal(key) || is_ambiguous(key, header_count)) return withheld(key);
    const [made] = make(key, content_type, body_digest, generations);
    if (made === undefined) return withheld(key);
    key.is_declared = request.set_variable(KEY, made);
    if (!key.is_declared) return undefined;
    request.set_variable(SKIP, "");
    return made;
}

/**
 * What the keys have in common of requests that differ in nothing but their body, and of which the rest is the same: `rest` is what counts of
 * the body. Never the same as a key. Nothing if there is no digest. Phases: access, after `fill` has made a key.
 */
export function without_body(
    key: CacheKey,
    content_type: string | undefined,
    rest: string,
    generations: string,
): string | undefined {
    const [made] = make(key, content_type, `${NO_BODY}${rest}`, generations);
    return made;
}

/**
 * Gives the current request, which has a key, another one: made from that one and the generation. Returns it; nothing if the request has
 * none now. Phases: access.
 */
export function renew(key: CacheKey, former: string, generation: string): string | undefined {
    const [made] = key.digest.of(`${former}:${generation}`);
    if (made === undefined) return withheld(key);
    key.is_declared = request.set_variable(KEY, made);
    return key.is_declared ? made : undefined;
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
        if (!known.has(name)) credentials.push(request_headers.name_of(name)!);
    }
    const headers = [CONTENT_TYPE];
    for (const name of OF_HEADERS) headers.push(name);
    for (const name of variables) {
        const header = request_headers.name_of(name);
        if (header !== undefined) headers.push(header);
    }
    for (const name of credentials) request_headers.want(name);
    for (const name of headers) request_headers.want(name);
    return { digest: digests.new("sha256"), variables, credentials, headers, is_declared: true };
}
export { create as new };

request_headers.want(IDENTITY);
