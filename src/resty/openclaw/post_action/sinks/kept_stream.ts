/**
 * A stream connection that is kept alive between batches.
 *
 * The peer does not acknowledge what is written to it. So before and after each batch it is checked whether the peer has closed the
 * connection; if so, the batch is sent again on a new one. Data that a peer has received but not processed, or that is in transit when the
 * peer closes later, is lost.
 */
import * as kinds from "../../config/kinds";
import type { Values } from "../../config/schema";
import { option } from "../../config/schema";
import * as clock from "../../core/time/clock";
import * as connection from "../../http_client/connection";
import type { Endpoint, Tls } from "../../http_client/endpoint";
import type { Target } from "../../http_client/target";
import * as http_target from "../../http_client/target";

export interface KeptStream {
    readonly target: Target;
    readonly settings: connection.Settings;
    readonly timeout_seconds: number;
}

/** The options that `create` reads. */
export const SCHEMA = {
    connect_seconds: option(kinds.positive, 1, "timeout for connecting"),
    timeout_seconds: option(kinds.positive, 5, "timeout of writing one batch"),
    keepalive_seconds: option(kinds.positive, 60, "how long an idle connection is kept"),
};

/** How long a check waits for the end of the connection: the shortest timeout of sockets. */
const CHECK_MS = 1;
/** Bytes of the peer that are read and ignored. */
const IGNORED_BYTES = 4096;

/** A connection to this endpoint, not opened yet; plain TCP without `tls`. Phases: init. */
function create(options: Values<typeof SCHEMA>, endpoint: Endpoint, tls?: Tls): KeptStream {
    const { timeout_seconds } = options;
    const scheme = tls === undefined ? "http" : "https";
    return {
        target: { scheme, host: endpoint.host, port: endpoint.port, path: "/" },
        settings: {
            purpose: "lines",
            connect_seconds: options.connect_seconds,
            send_seconds: timeout_seconds,
            keepalive_seconds: options.keepalive_seconds,
            keepalive_connections: 1,
            ssl_verify: tls?.ssl_verify ?? false,
            ssl_server_name: tls?.ssl_server_name,
        },
        timeout_seconds,
    };
}
export { create as new };

/** Whether the peer has not closed the connection, as far as this side knows. Ignores what the peer sends. */
function is_open(socket: ngx.Tcp): boolean {
    socket.settimeout(CHECK_MS);
    const [ignored, err] = socket.receiveany(IGNORED_BYTES);
    return ignored !== undefined || err === "timeout";
}

function open(stream: KeptStream, deadline: MonotonicTime): Result<ngx.Tcp> {
    const [socket, err, reused] = connection.open(stream.settings, stream.target, deadline, false);
    if (socket === undefined) return $multi(undefined, err);
    if (reused !== true || is_open(socket)) return $multi(socket);
    socket.close();
    const [fresh, fresh_err] = connection.open(stream.settings, stream.target, deadline, true);
    if (fresh === undefined) return $multi(undefined, fresh_err);
    return $multi(fresh);
}

/** Writes the text within so many seconds. On failure nil and why; a part of it may have been delivered. Phases: timer. */
export function send(stream: KeptStream, text: string, most_seconds: number): Result<true> {
    const deadline = later(clock.now(), math.min(stream.timeout_seconds, most_seconds));
    const [socket, err] = open(stream, deadline);
    if (socket === undefined) return $multi(undefined, `cannot connect: ${http_target.with_remedy(err)}`);
    const [sent, send_err] = connection.send(socket, stream.settings, "", text, deadline);
    if (sent === undefined) {
        socket.close();
        return $multi(undefined, `cannot send: ${send_err}`);
    }
    if (!is_open(socket)) {
        socket.close();
        return $multi(undefined, "the peer has closed the connection");
    }
    connection.leave(socket, stream.settings, true);
    return $multi(true);
}
