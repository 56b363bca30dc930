/** Sends datagrams, over UDP or to a unix socket, which nobody acknowledges. */
import * as time_slice from "../../core/time/time_slice";
import type { Part } from "../sink";
import * as lines from "../lines";
import type { Endpoint } from "./endpoint";

/** What became of lines that were sent as datagrams. */
export interface Flight {
    /** Why it was broken off; nothing when it was not. */
    readonly err: string | undefined;
    /** The lines too long for a datagram, and those that were not sent for the error. */
    readonly left: Part | undefined;
}

/** So many are sent at a stretch, at some microseconds each, before other requests have their turn. */
const DATAGRAMS_AT_A_STRETCH = 200;

/** EMSGSIZE, as nginx says it. */
const TOO_LONG = "message too long";

function part_of(left: string[]): Part | undefined {
    return left.length === 0 ? undefined : { text: lines.join(left), entries: left.length };
}

/**
 * Sends each line as a datagram: `prefix`, then the line. Phases: timer.
 * @param most_bytes how long a datagram may be; a longer one is not sent
 */
export function send(
    endpoint: Endpoint,
    prefix: (this: void, line: string) => string,
    all: string[],
    most_bytes: number,
): Flight {
    const left: string[] = [];
    const socket = ngx.socket.udp();
    const [named, name_err] =
        endpoint.port === 0 ? socket.setpeername(endpoint.host) : socket.setpeername(endpoint.host, endpoint.port);
    let err = named === undefined ? `cannot connect: ${name_err}` : undefined;
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
