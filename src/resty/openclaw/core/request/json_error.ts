/**
 * Errors as clients of an API want them: a status, and JSON with a code that programs can rely on.
 *
 *     {"error":{"code":"body_too_large","message":"The request body is too large.","status":413}}
 */
import * as json from "../text/json";
import * as request from "./request";
import * as request_state from "./request_state";
import * as time_left from "./time_left";
import * as upstream_tries from "./upstream_tries";

declare module "./request_state" {
    interface RequestState {
        /** What the page of errors says if no node is asked. */
        without_node?: Entry | undefined;
    }
}

interface Entry {
    /** In place of nginx's. */
    readonly status?: number;
    readonly code: string;
    readonly message: string;
    /** Seconds after which another try makes sense. */
    readonly retry_after?: number;
}

const UNKNOWN: Entry = { code: "error", message: "The request failed." };

/** What stands for each status that nginx itself answers with; listed in docs/errors.md. */
const ENTRIES: Record<number, Entry | undefined> = {
    400: { code: "bad_request", message: "The request is malformed." },
    401: { code: "unauthorized", message: "The request lacks valid credentials." },
    403: { code: "forbidden", message: "The request is not allowed." },
    404: { code: "not_found", message: "There is nothing at this address." },
    405: { code: "method_not_allowed", message: "This address does not take this method." },
    408: { code: "request_timeout", message: "The request did not arrive in time." },
    411: { code: "length_required", message: "The request must state the length of its body." },
    413: { code: "body_too_large", message: "The request body is too large." },
    414: { code: "uri_too_long", message: "The address is too long." },
    415: { code: "unsupported_media_type", message: "This kind of body is not supported." },
    416: { code: "range_not_satisfiable", message: "The range does not exist." },
    421: { code: "misdirected_request", message: "This server does not answer for that host." },
    429: { code: "too_many_requests", message: "Too many requests; try again later.", retry_after: 1 },
    431: { code: "header_too_large", message: "The request header is too large." },
    500: { code: "internal_error", message: "The gateway failed." },
    501: { code: "not_implemented", message: "The gateway does not support this request." },
    502: { code: "bad_gateway", message: "The node gave no valid answer." },
    503: { code: "no_node_available", message: "No node can take the request now.", retry_after: 1 },
    504: { code: "gateway_timeout", message: "The node did not answer in time." },
    505: { code: "http_version_not_supported", message: "This version of HTTP is not supported." },
};

/**
 * Answers with an error and ends the request. Where the answer has begun already it is cut off instead, so that the
 * client does not take it for a whole one. Phases: rewrite, access, content; never returns.
 * @param retry_after seconds for the Retry-After header; nothing leaves it out
 */
export function respond(status: number, code: string, message: string, retry_after?: number): never {
    if (ngx.headers_sent) return ngx.exit(ngx.ERROR);
    const body = string.format(
        '{"error":{"code":%s,"message":%s,"status":%d}}\n',
        json.text(code),
        json.text(message),
        status,
    );
    ngx.status = status;
    ngx.header["Content-Type"] = "application/json";
    ngx.header["Content-Length"] = body.length;
    ngx.header["Cache-Control"] = "no-store";
    if (retry_after !== undefined) ngx.header["Retry-After"] = retry_after;
    ngx.print(body);
    return ngx.exit(ngx.HTTP_OK);
}

/** Answers that the request's deadline has passed. As `respond`. */
export function too_late(): never {
    return respond(504, "deadline_exceeded", "The deadline of the request has passed.");
}

/**
 * What a balancer meant by a 500: without OpenResty's patches nginx makes one of whatever it answers. Only then there is
 * a Retry-After before. Where the last node has said that its client asks too much, that is it.
 */
function status_of_balancer(): number {
    const statuses = upstream_tries.tried(request.variable("upstream_status") ?? "");
    return statuses[statuses.length - 1] === "429" ? 429 : 503;
}

/**
 * The page for errors that nginx makes itself: the location that `error_page` names in nginx/errors.conf.
 * Phases: content.
 */
export function page(): never {
    const retry_after = tonumber(ngx.header["Retry-After"]);
    const status = ngx.status === 500 && retry_after !== undefined ? status_of_balancer() : ngx.status;
    const entry = ENTRIES[status] ?? UNKNOWN;
    // What route.conf adds to answers is not added here.
    ngx.header["X-Request-Id"] = request.variable("openclaw_request_id");
    const instead = request_state.present()?.without_node;
    if (instead !== undefined) return respond(instead.status ?? status, instead.code, instead.message);
    // Whatever failed then: it was too late.
    if (status >= 500 && (time_left.seconds() ?? 1) <= 0) return too_late();
    return respond(status, entry.code, entry.message, retry_after ?? entry.retry_after);
}

/** Has `page` say this, as the balancer is about to let no node be asked. Phases: balancer. */
export function say_without_node(status: number, code: string, message: string): void {
    request_state.open().without_node = { status, code, message };
}
