/** Writes lines to a stream connection: TCP, TLS or a unix socket. */
import * as read from "../../options";
import type { Options } from "../../options";
import type { Outcome, Sink } from "../sinks";
import * as endpoints from "./endpoint";
import * as kept_stream from "./kept_stream";
import type { KeptStream } from "./kept_stream";

interface StreamSink extends Sink {
    readonly stream: KeptStream;
}

const HOST_OPTIONS = endpoints.joined([["type", "host", "port"], kept_stream.OPTIONS]);
const TLS_OPTIONS = endpoints.joined([HOST_OPTIONS, endpoints.TLS_OPTIONS]);
const UNIX_OPTIONS = endpoints.joined([["type", "path"], kept_stream.OPTIONS]);

function send(this: StreamSink, text: string, _entries: number, most_seconds: number): Outcome {
    const [sent, err] = kept_stream.send(this.stream, text, most_seconds);
    if (sent === undefined) return $multi("retry", err);
    return $multi("sent");
}

const metatable = { __index: { send } };

/** Lines over TCP to `host` and `port`. Phases: init. Raises when an option is wrong. */
export function tcp(owner: string, options: Options): Sink {
    read.check(owner, options, HOST_OPTIONS);
    const stream = kept_stream.new(owner, options, endpoints.at_host(owner, options), false);
    return setmetatable({ stream }, metatable) as unknown as Sink;
}

/** Lines over TLS to `host` and `port`. Phases: init. Raises when an option is wrong. */
export function tls(owner: string, options: Options): Sink {
    read.check(owner, options, TLS_OPTIONS);
    const stream = kept_stream.new(owner, options, endpoints.at_host(owner, options), true);
    return setmetatable({ stream }, metatable) as unknown as Sink;
}

/** Lines over the unix socket at `path`. Phases: init. Raises when an option is wrong. */
export function unix(owner: string, options: Options): Sink {
    read.check(owner, options, UNIX_OPTIONS);
    const stream = kept_stream.new(owner, options, endpoints.at_path(owner, options), false);
    return setmetatable({ stream }, metatable) as unknown as Sink;
}
