/** Sends each entry as a datagram: UDP, or a unix socket. */
import * as read from "../../options";
import type { Options } from "../../options";
import * as lines from "../lines";
import type { Outcome, Sink } from "../sinks";
import * as datagrams from "./datagrams";
import * as endpoints from "./endpoint";
import type { Endpoint } from "./endpoint";

interface UdpSink extends Sink {
    readonly endpoint: Endpoint;
    readonly max_bytes: number;
}

/** What IPv4 leaves of 65535 bytes. */
export const MOST_DATAGRAM_BYTES = 65507;

function no_prefix(): string {
    return "";
}

function send(this: UdpSink, text: string): Outcome {
    const { err, left } = datagrams.send(this.endpoint, no_prefix, lines.split(text), this.max_bytes);
    if (err !== undefined) return $multi("retry", err, undefined, left);
    if (left !== undefined) return $multi("poison", "longer than a datagram may be", undefined, left);
    return $multi("sent");
}

const metatable = { __index: { send } };

/** A sink that sends to `host` and `port`, or to `path`. Phases: init. Raises when an option is wrong. */
function create(owner: string, options: Options): Sink {
    read.check(owner, options, ["type", "host", "port", "path", "max_bytes"]);
    const endpoint = endpoints.anywhere(owner, options);
    const max_bytes = read.whole(owner, options, "max_bytes", 1, MOST_DATAGRAM_BYTES, MOST_DATAGRAM_BYTES);
    return setmetatable({ endpoint, max_bytes }, metatable) as unknown as Sink;
}
export { create as new };
