/** What a request wants its answer to depend on: `If-None-Match` and its like, and `Range`. */
import * as request from "./request";

const NAMES = ["If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range", "Range"];
const VARIABLES = [
    "http_if_none_match",
    "http_if_modified_since",
    "http_if_match",
    "http_if_unmodified_since",
    "http_if_range",
    "http_range",
];

/**
 * Takes them away from a request that is neither GET nor HEAD. nginx would answer 304, 412 or 206 from its cache, whatever
 * the method; they are for GET and HEAD (RFC 9110, 13.1 and 14.2). Phases: server_rewrite, access. Never raises.
 */
export function drop(): void {
    const method = request.variable("request_method");
    if (method === "GET" || method === "HEAD") return;
    for (const place of $range(1, NAMES.length)) {
        if (request.variable(VARIABLES[place - 1]!) !== undefined) ngx.req.clear_header(NAMES[place - 1]!);
    }
}
