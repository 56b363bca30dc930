/** Writes lines to a stream connection: TCP, TLS or a unix socket. */
import type { Values } from "../../config/schema";
import { joined, required } from "../../config/schema";
import type { Endpoint, Tls } from "../../http_client/endpoint";
import * as endpoints from "../../http_client/endpoint";
import type { Outcome, Sink } from "../sink";
import type { KeptStream } from "./kept_stream";
import * as kept_stream from "./kept_stream";

interface StreamSink extends Sink {
    readonly stream: KeptStream;
}

const HOST_SCHEMA = {
    host: required(endpoints.HOST, "a name, an IPv4 address, or an IPv6 address in brackets"),
    port: required(endpoints.PORT, "its port"),
};
const PATH_SCHEMA = { path: required(endpoints.SOCKET_PATH, "the socket, an absolute path") };

export const TCP_SCHEMA = joined(HOST_SCHEMA, kept_stream.SCHEMA);
export const TLS_SCHEMA = joined(TCP_SCHEMA, endpoints.TLS_SCHEMA);
export const UNIX_SCHEMA = joined(PATH_SCHEMA, kept_stream.SCHEMA);

function send(this: StreamSink, text: string, _entries: number, most_seconds: number): Outcome {
    const [sent, err] = kept_stream.send(this.stream, text, most_seconds);
    if (sent === undefined) return $multi("retry", err);
    return $multi("sent");
}

const metatable = { __index: { send } };

function create(options: Values<typeof kept_stream.SCHEMA>, endpoint: Endpoint, its_tls?: Tls): Sink {
    const stream = kept_stream.new(options, endpoint, its_tls);
    return setmetatable({ stream }, metatable);
}

/** Lines over TCP to `host` and `port`. Phases: init. */
export function tcp(options: Values<typeof TCP_SCHEMA>): Sink {
    return create(options, endpoints.of(options));
}

/** Lines over TLS to `host` and `port`. Phases: init. Raises where the options do not fit together. */
export function tls(options: Values<typeof TLS_SCHEMA>, path: string): Sink {
    const endpoint = endpoints.of(options);
    return create(options, endpoint, endpoints.tls(options, endpoint, path));
}

/** Lines over the unix socket at `path`. Phases: init. */
export function unix(options: Values<typeof UNIX_SCHEMA>): Sink {
    return create(options, endpoints.of(options));
}
