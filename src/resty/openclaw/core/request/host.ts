/**
 * Whether nodes may get the client's Host header unchanged. nginx.conf finds out by a regular expression; nginx keeps the host of
 * most requests where their header is, which is quickly seen.
 */
import * as request from "./request";

const COLON = string.byte(":");
/** With the colon. */
const LONGEST_PORT = 6;

/** Whether this is a colon and a port. */
function is_port(text: Bytes, bytes: number): boolean {
    if (bytes < 2 || bytes > LONGEST_PORT || text.get(0) !== COLON) return false;
    return request.digits(pointer_add(text, 1), bytes - 1) !== undefined;
}

/**
 * Gives `$openclaw_checked_host` the header's value, if this has the host that nginx uses itself, with or without a port. Any other is left to
 * nginx. Phases: rewrite, access.
 */
export function look_at(): void {
    const [host, host_bytes] = request.bytes_of("host");
    const [given, given_bytes] = request.bytes_of("http_host");
    if (host === undefined || given === undefined || host !== given) return;
    const rest = given_bytes - host_bytes;
    if (rest === 0 || is_port(pointer_add(given, host_bytes), rest))
        request.point("openclaw_checked_host", given, given_bytes);
}
