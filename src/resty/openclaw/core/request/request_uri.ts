/** The address of the request as logs show it. */
import * as request from "./request";

/** A longer one is cut, in bytes. */
const MOST_BYTES = 2048;

/**
 * The address as the client sent it, cut at 2048 bytes; the query, which may hold secrets, is left out unless wished for.
 * It may have any bytes but blanks and line ends. Phases: all with a request; empty when the request had no address.
 */
export function shown(with_query = false): string {
    const uri = request.variable("request_uri") ?? "";
    const [query] = string.find(uri, "?", 1, true);
    const text = query === undefined || with_query ? uri : string.sub(uri, 1, query - 1);
    return text.length > MOST_BYTES ? string.sub(text, 1, MOST_BYTES) : text;
}
