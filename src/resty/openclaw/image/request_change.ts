/** Changes a request into one with the converted body: the body, and all headers that say something of it. */
import * as converted_image from "../core/request/converted_image";
import * as new_body from "../core/request/new_body";
import * as request from "../core/request/request";

const { NAME: MARK, VALUE: MARK_VALUE } = converted_image;
/** The same to nginx, and to the next gateway, with `underscores_in_headers on`. */
const OTHER_MARKS = ["X_OpenClaw_Image", "X-OpenClaw_Image", "X_OpenClaw-Image"];
/** nginx's variable of all of them. */
const MARK_VARIABLE = "http_x_openclaw_image";

/** What says something of the bytes of the body as they came: RFC 9530, RFC 9421, RFC 1864. */
const DIGESTS = ["Content-Digest", "Repr-Digest", "Digest", "Content-MD5"];
/** nginx keeps the values of these, once nginx.conf names them anywhere. */
const VARIABLES = ["content_type", "http_content_type", "http_content_length", "args", "query_string"];

/** Whether the request says that its body has been converted. Phases: access. */
export function is_marked(): boolean {
    return request.variable(MARK_VARIABLE) === MARK_VALUE;
}

/** Removes what the client says of that. Phases: access. */
export function unmark(): void {
    if (request.variable(MARK_VARIABLE) === undefined) return;
    ngx.req.clear_header(MARK);
    for (const name of OTHER_MARKS) ngx.req.clear_header(name);
    request.forget(MARK_VARIABLE);
}

function add_query(query: string): void {
    const args = request.variable("args") ?? "";
    ngx.req.set_uri_args(args === "" ? query : `${args}&${query}`);
}

/**
 * Puts the body in place. `query`: more arguments for the query. Returns why that failed, if it did: then the request must not go on. Phases:
 * access; yields.
 */
export function apply(
    memory: Bytes,
    bytes: number,
    content_type: string,
    query: string | undefined,
): string | undefined {
    const problem = new_body.put(memory, bytes);
    if (problem !== undefined) return problem;
    converted_image.note();
    for (const name of DIGESTS) ngx.req.clear_header(name);
    ngx.req.set_header("Content-Type", content_type);
    ngx.req.set_header(MARK, MARK_VALUE);
    if (query !== undefined) add_query(query);
    for (const name of VARIABLES) request.forget(name);
    return undefined;
}
