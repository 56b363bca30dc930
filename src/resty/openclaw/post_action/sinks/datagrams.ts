/** Sends datagrams over UDP or to a unix socket. They are not acknowledged. */
import * as time_slice from "../../core/time/time_slice";
import type { Endpoint } from "../../http_client/endpoint";
import * as http_target from "../../http_client/target";
import * as lines from "../lines";
import type { Part } from "../sink";

/** The result of sending lines as datagrams. */
export interface Result {
    /** The error that ended it early, if any. */
    readonly err: string | undefined;
    /** Lines that are too long for a datagram, and those that were not sent because of the error. */
    readonly left: Part | undefined;
}

/** So many are sent, at some microseconds each, before other requests are served. */
const DATAGRAMS_AT_A_STRETCH = 200;

/** nginx's text for EMSGSIZE. */
const TOO_LONG = "message too long";

function part_of(left: string[]): Part | undefined {
    return left.length === 0 ? undefined : { text: lines.join(left), entries: left.length };
}

/**
 * Sends each line as a datagram: `prefix`, then the line. Phases: timer.
 * @param most_bytes maximum length of a datagram; a longer one is not sent
 */
export function send(
    endpoint: Endpoint,
    prefix: (this: void, line: string) => string,
    all: string[],
    most_bytes: number,
): Result {
    const left: string[] = [];
    const socket = ngx.socket.udp();
    const [named, name_err] =
        endpoint.port === 0 ? socket.setpeername(endpoint.host) : socket.setpeername(endpoint.host, endpoint.port);
    let err = named === undefined ? `cannot connect: ${http_target.with_remedy(name_err)}` : undefined;
    for (const [index, line] of ipairs(all)) {
        const datagram = err === undefined ? `${prefix(line)}${line}` : line;
        if (err !== undefined || datagram.length > most_bytes) {
            left.push(line);
        } else {
            const [sent, send_err] = socket.send(datagram);
            if (sent === undefined) left.push(line);
            if (sent === undefined && string.lower(send_err) !== TOO_LONG) err = `cannot send: ${send_err}`;
        }
        if (index % DATAGRAMS_AT_A_STRETCH === 0) time_slice.yield_now();
    }
    if (named !== undefined) socket.close();
    return { err, left: part_of(left) };
}
