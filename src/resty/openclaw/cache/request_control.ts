/** What a request says of caches: `Cache-Control` (RFC 9111, 5.2.1), and for how long its answer may be kept. */
import * as request from "../core/request/request";
import * as texts from "../core/text/text";

export interface Wish {
    /** Nothing is to be stored or answered from the cache. */
    readonly is_none: boolean;
    /** A new answer is wanted, which may be stored. */
    readonly is_fresh: boolean;
    /** Only an answer from the cache is wanted. */
    readonly is_only_cached: boolean;
    /** The highest age of an answer, in seconds. */
    readonly max_age?: number | undefined;
    /** For how many seconds the answer may be kept. */
    readonly seconds?: number | undefined;
}

/** Of requests that say nothing. */
export const ANY: Wish = { is_none: false, is_fresh: false, is_only_cached: false };
const NONE: Wish = { is_none: true, is_fresh: false, is_only_cached: false };

/** Longer headers are not looked at: they may say `no-store`. */
const MOST_BYTES = 1024;
/** Since this version of nginx, a header's variable contains all headers of that name; before, only the first. */
const JOINS_HEADERS_FROM = 1023000;
/** On an older nginx, more headers are not looked at. */
const MOST_HEADERS = 100;
/** Longer numbers are none. */
const MOST_DIGITS = 10;

function number_of(digits: string): number | undefined {
    const [found] = string.find(digits, "^%d+$");
    return found === undefined || digits.length > MOST_DIGITS ? undefined : tonumber(digits);
}

/** The wish in the value of `Cache-Control`, and in that of `X-OpenClaw-Cache-TTL`. Phases: any. */
export function read(header: string | undefined, ttl: string | undefined): Wish {
    const seconds = ttl === undefined ? undefined : number_of(ttl);
    // An answer that may be kept for no time.
    if (seconds === 0) return NONE;
    if (header === undefined)
        return seconds === undefined ? ANY : { is_none: false, is_fresh: false, is_only_cached: false, seconds };
    if (header.length > MOST_BYTES) return NONE;
    let is_fresh = false;
    let is_only_cached = false;
    let max_age: number | undefined;
    for (const part of texts.split(string.lower(header), ",")) {
        const directive = texts.trim(part);
        if (directive === "no-store") return NONE;
        if (directive === "no-cache") is_fresh = true;
        if (directive === "only-if-cached") is_only_cached = true;
        const [age] = string.match(directive, '^max%-age="?(%d+)"?$');
        if (age !== undefined) max_age = math.min(max_age ?? math.huge, number_of(age) ?? math.huge);
    }
    return { is_none: false, is_fresh: is_fresh || max_age === 0, is_only_cached, max_age, seconds };
}

function cache_control(): LuaMultiReturn<[value: string | undefined, err?: string]> {
    const first = request.variable("http_cache_control");
    if (first === undefined || ngx.config.nginx_version >= JOINS_HEADERS_FROM) return $multi(first);
    const [headers, err] = ngx.req.get_headers(MOST_HEADERS);
    if (err !== undefined) return $multi(undefined, err);
    const all = headers.get("cache-control");
    return $multi(type(all) === "table" ? table.concat(all as string[], ",") : first);
}

/** The wish of the current request, however many such headers it has. Phases: access. */
export function of_request(): Wish {
    const [header, err] = cache_control();
    return err === undefined ? read(header, request.variable("http_x_openclaw_cache_ttl")) : NONE;
}
