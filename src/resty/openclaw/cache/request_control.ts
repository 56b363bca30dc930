/** What a request says of caches in `Cache-Control`: RFC 9111, 5.2.1. */
import * as request from "../core/request/request";
import * as texts from "../core/text/text";

/** `fresh`: a new answer is wanted, which may be stored; `none`: nothing is to be stored or answered from the cache. */
export type Wish = "any" | "fresh" | "none";

/** Longer headers are not looked at: they may say `no-store`. */
const MOST_BYTES = 1024;
/** Since this version of nginx, a header's variable contains all headers of that name; before, only the first. */
const JOINS_HEADERS_FROM = 1023000;
/** On an older nginx, more headers are not looked at. */
const MOST_HEADERS = 100;

/** The wish in the value of the header. Phases: any. */
export function read(header: string | undefined): Wish {
    if (header === undefined) return "any";
    if (header.length > MOST_BYTES) return "none";
    let wish: Wish = "any";
    for (const part of texts.split(string.lower(header), ",")) {
        const directive = texts.trim(part);
        if (directive === "no-store") return "none";
        if (directive === "no-cache" || directive === "max-age=0") wish = "fresh";
    }
    return wish;
}

/** The wish of the current request, however many such headers it has. Phases: access. */
export function of_request(): Wish {
    const first = request.variable("http_cache_control");
    if (first === undefined || ngx.config.nginx_version >= JOINS_HEADERS_FROM) return read(first);
    const [headers, err] = ngx.req.get_headers(MOST_HEADERS);
    if (err !== undefined) return "none";
    const all = headers.get("cache-control");
    return read(type(all) === "table" ? table.concat(all as string[], ",") : first);
}
