/** Whether the response of a node may be stored and given to others: RFC 9111, 3 and 5.2.2, as nginx reads it, and what the gateway adds. */
import * as request from "../core/request/request";
import * as texts from "../core/text/text";

/** A response with more headers is not stored. */
const MOST_HEADERS = 100;
/** Directives with which nothing is stored that others would get. */
const FORBIDDING = new LuaSet<string>();
for (const directive of ["no-store", "no-cache", "private"]) FORBIDDING.add(directive);
/** What a response may vary on: what is in every key, and what no node gets to see. */
const IN_KEY = new LuaSet<string>();
for (const name of ["accept", "accept-encoding", "content-type", "content-encoding"]) IN_KEY.add(name);

/** The headers of a response, by their names in lower case. */
export type Headers = LuaTable<string, string | number | string[]>;

/** What a response says that may be stored. */
export interface Storable {
    /** All of them. */
    readonly headers: Headers;
    /** For how many seconds the node allows to keep it; endless if it does not say. */
    readonly seconds: number;
}

function joined(value: string | number | string[] | undefined): string {
    if (value === undefined) return "";
    return type(value) === "table" ? table.concat(value as string[], ",") : tostring(value);
}

function is_forbidden(cache_control: string): boolean {
    for (const part of texts.split(cache_control, ",")) {
        const directive = texts.trim(part);
        const [names] = string.find(directive, '="', 1, true);
        // `private="set-cookie"` and the like: no more is shared than without the names.
        if (FORBIDDING.has(names === undefined ? directive : string.sub(directive, 1, names - 1))) return true;
    }
    return false;
}

/** The seconds of `s-maxage`, else of `max-age`; nothing where it has neither. */
function seconds_in(cache_control: string): number | undefined {
    let max_age: number | undefined;
    for (const part of texts.split(cache_control, ",")) {
        const directive = texts.trim(part);
        const [shared] = string.match(directive, "^s%-maxage=(%d+)$");
        if (shared !== undefined) return tonumber(shared);
        const [own] = string.match(directive, "^max%-age=(%d+)$");
        max_age = own === undefined ? max_age : tonumber(own);
    }
    return max_age;
}

/** The seconds until `Expires`; 0 where that is no time. */
function seconds_until(expires: string): number {
    const at = ngx.parse_http_time(expires);
    return at === undefined ? 0 : at - ngx.time();
}

/** The seconds that `X-Accel-Expires` allows; nothing if it says nothing that nginx understands. */
function accel_seconds(): number | undefined {
    const value = request.variable("upstream_http_x_accel_expires") ?? "";
    const [at, digits] = string.match(value, "^(@?)(%d+)$");
    if (at === undefined) return undefined;
    return at === "@" ? tonumber(digits)! - ngx.time() : tonumber(digits);
}

/**
 * Whether the end of the response cannot be told from a node that broke off: nginx reads a response without a length, and one with another
 * coding than chunked, up to the end of the connection. Phases: header_filter.
 */
export function has_open_end(): boolean {
    const [length] = string.find(request.variable("upstream_http_content_length") ?? "", "^%d+$");
    if (length !== undefined) return false;
    const coding = string.lower(request.variable("upstream_http_transfer_encoding") ?? "");
    const [chunked] = string.find(coding, "chunked", 1, true);
    return chunked === undefined;
}

/**
 * For how many seconds a node allows to keep what has these headers, 0 or less for not at all; nothing if it forbids it. By the header that
 * nginx takes of `X-Accel-Expires`, `Cache-Control` and `Expires`.
 */
function seconds_allowed(headers: Headers): number | undefined {
    const accel = accel_seconds();
    if (accel !== undefined) return accel;
    const cache_control = string.lower(joined(headers.get("cache-control")));
    const expires = joined(headers.get("expires"));
    if (cache_control === "") return expires === "" ? math.huge : seconds_until(expires);
    if (is_forbidden(cache_control)) return undefined;
    return seconds_in(cache_control) ?? (expires === "" ? math.huge : seconds_until(expires));
}

/**
 * What the response says, if it may be stored by nginx's rules, apart from its status; nothing if it may not. Reads the headers, so it is to be
 * asked once. Phases: header_filter.
 */
export function look(): Storable | undefined {
    const [headers, err] = ngx.resp.get_headers(MOST_HEADERS);
    if (err !== undefined || headers.has("set-cookie")) return undefined;
    if (request.variable("openclaw_degraded") === "1") return undefined;
    const [is_vague] = string.find(joined(headers.get("vary")), "*", 1, true);
    if (is_vague !== undefined) return undefined;
    const seconds = seconds_allowed(headers);
    return seconds === undefined || seconds <= 0 ? undefined : { headers, seconds };
}

/** Whether what has these headers depends on no header of requests but those in each key, so that it may be kept without nginx. Phases: any. */
export function is_same_for_all(headers: Headers): boolean {
    const vary = joined(headers.get("vary"));
    if (vary === "") return true;
    for (const name of texts.split(string.lower(vary), ",")) {
        const trimmed = texts.trim(name);
        if (trimmed !== "" && !IN_KEY.has(trimmed)) return false;
    }
    return true;
}
