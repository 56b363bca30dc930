/** What a request wants its answer to depend on: `If-None-Match` and its like, and `Range`. */
import * as request from "./request";
import * as request_headers from "./request_headers";

const NAMES = ["If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"];
const LOWER_NAMES: string[] = [];
for (const name of NAMES) {
    LOWER_NAMES.push(string.lower(name));
    request_headers.want(string.lower(name));
}

/**
 * Takes them away from a request that is neither GET nor HEAD. nginx would answer 304, 412 or 206 from its cache, whatever
 * the method; they are for GET and HEAD (RFC 9110, 13.1 and 14.2). Phases: server_rewrite, access. Never raises.
 */
export function drop(): void {
    const method = request.variable("request_method");
    if (method === "GET" || method === "HEAD") return;
    request_headers.look();
    for (const place of $range(1, NAMES.length)) {
        if (request_headers.has(LOWER_NAMES[place - 1]!)) ngx.req.clear_header(NAMES[place - 1]!);
    }
}
