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

function joined(value: string | number | string[] | undefined): string {
    if (value === undefined) return "";
    return type(value) === "table" ? table.concat(value as string[], ",") : tostring(value);
}

/** Whether it gives an answer no time at all. */
function is_no_time(directive: string): boolean {
    const [max_age] = string.find(directive, "^max%-age=0+$");
    const [s_maxage] = string.find(directive, "^s%-maxage=0+$");
    return max_age !== undefined || s_maxage !== undefined;
}

function is_forbidden(cache_control: string): boolean {
    for (const part of texts.split(string.lower(cache_control), ",")) {
        const directive = texts.trim(part);
        if (is_no_time(directive)) return true;
        const [end] = string.find(directive, '="', 1, true);
        // `private="set-cookie"` and the like: no more is shared than without the names.
        if (FORBIDDING.has(end === undefined ? directive : string.sub(directive, 1, end - 1))) return true;
    }
    return false;
}

function is_expired(expires: string): boolean {
    if (expires === "") return false;
    const at = ngx.parse_http_time(expires);
    return at === undefined || at <= ngx.time();
}

/** Whether `X-Accel-Expires` allows it; nothing if it says nothing that nginx understands. */
function accel_expires(): boolean | undefined {
    const value = request.variable("upstream_http_x_accel_expires") ?? "";
    const [at, digits] = string.match(value, "^(@?)(%d+)$");
    if (at === undefined) return undefined;
    return tonumber(digits)! > (at === "@" ? ngx.time() : 0);
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

/** Whether the response may be stored by nginx's rules, apart from its status. Phases: header_filter. */
export function may_store(): boolean {
    const [headers, err] = ngx.resp.get_headers(MOST_HEADERS);
    if (err !== undefined || headers.has("set-cookie")) return false;
    if (request.variable("openclaw_degraded") === "1") return false;
    const [is_vague] = string.find(joined(headers.get("vary")), "*", 1, true);
    if (is_vague !== undefined) return false;
    // nginx takes this one in place of the others.
    const accel = accel_expires();
    if (accel !== undefined) return accel;
    return !is_forbidden(joined(headers.get("cache-control"))) && !is_expired(joined(headers.get("expires")));
}

/** Whether it depends on no header of requests but those in each key, so that it may be kept without nginx's help. Phases: header_filter. */
export function is_same_for_all(): boolean {
    const [headers] = ngx.resp.get_headers(MOST_HEADERS);
    for (const name of texts.split(string.lower(joined(headers.get("vary"))), ",")) {
        const trimmed = texts.trim(name);
        if (trimmed !== "" && !IN_KEY.has(trimmed)) return false;
    }
    return true;
}
