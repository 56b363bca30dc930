/** Sends each entry as a datagram: UDP, or a unix socket. */
import * as kinds from "../../config/kinds";
import type { Problems } from "../../config/problems";
import * as problem from "../../config/problems";
import type { Values } from "../../config/schema";
import { computed, option, optional } from "../../config/schema";
import type { Endpoint } from "../../http_client/endpoint";
import * as endpoints from "../../http_client/endpoint";
import * as lines from "../lines";
import type { Outcome, Sink } from "../sink";
import * as datagrams from "./datagrams";

interface UdpSink extends Sink {
    readonly endpoint: Endpoint;
    readonly max_bytes: number;
}

/** The maximum with IPv4: 65535 bytes without the headers. */
export const MOST_DATAGRAM_BYTES = 65507;

export const SCHEMA = {
    host: computed(endpoints.HOST, endpoints.UNLESS_PATH, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port: computed(endpoints.PORT, endpoints.UNLESS_PATH, "its port"),
    path: optional(endpoints.SOCKET_PATH, "a unix socket for datagrams instead"),
    max_bytes: option(
        kinds.whole(1, MOST_DATAGRAM_BYTES),
        MOST_DATAGRAM_BYTES,
        "maximum length of an entry; longer ones are rejected; above about 1400 bytes a datagram is fragmented, and one lost fragment loses it",
    ),
};

/** Adds to the problems where options contradict each other. Phases: init. */
export function check(given: Record<string, unknown>, path: string, problems: Problems): void {
    endpoints.check_place(given, path, problems);
    if (given.path === undefined && given.port === undefined) {
        endpoints.PORT.read(undefined, problem.child(path, "port"), problems);
    }
}

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

/** A sink that sends to `host` and `port`, or to `path`. Phases: init. */
function create(options: Values<typeof SCHEMA>): Sink {
    const fields = { endpoint: endpoints.of(options), max_bytes: options.max_bytes };
    return setmetatable(fields, metatable);
}
export { create as new };
