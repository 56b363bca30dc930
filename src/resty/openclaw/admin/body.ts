/** The body of a request to change a node or a queue. */
import * as request from "../core/request/request";
import * as request_body from "../core/request/request_body";
import type { Call } from "./call";
import * as calls from "./call";

const MOST_BYTES = 4096;
const TOO_LARGE = "The body is over 4096 bytes.";

function fail(call: Call, err: string): never {
    call.faults.report("unreadable_body", err);
    return calls.refuse(call, 500, "internal_error", "The gateway could not read the request body.");
}

/** Reads the body; ends the request if it is too large, or its Content-Type is not JSON. Phases: content; yields. */
export function read(call: Call): string {
    const [media_type] = string.match(request.variable("content_type") ?? "", "^%s*([^;%s]*)");
    if (media_type !== "" && string.lower(media_type!) !== "application/json") {
        return calls.refuse(call, 415, "unsupported_media_type", "The body must be application/json.");
    }
    if (request.whole_number("content_length") > MOST_BYTES) {
        return calls.refuse(call, 413, "body_too_large", TOO_LARGE);
    }
    const [body, err] = request_body.read();
    if (body === undefined) return fail(call, err);
    // A chunked body has no Content-Length.
    if (body.bytes > MOST_BYTES) return calls.refuse(call, 413, "body_too_large", TOO_LARGE);
    const [text, text_err] = request_body.first(body, MOST_BYTES);
    if (text === undefined) return fail(call, text_err);
    return text;
}
