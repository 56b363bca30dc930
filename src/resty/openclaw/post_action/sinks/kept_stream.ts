/**
 * A stream connection that is kept between batches.
 *
 * Nobody acknowledges what is written to it. So it is looked at before a batch and after it, whether the peer has closed
 * it: what was written to a peer that was gone already is then sent again, elsewhere. What a peer takes and loses, or
 * what is on its way when the peer goes later, is lost.
 */
import * as clock from "../../core/time/clock";
import * as kinds from "../../config/kinds";
import { option } from "../../config/schema";
import type { Values } from "../../config/schema";
import * as connection from "../../http_client/connection";
import type { Target } from "../../http_client/target";
import type { Endpoint, Tls } from "./endpoint";

export interface KeptStream {
    readonly target: Target;
    readonly settings: connection.Settings;
    readonly timeout_seconds: number;
}

/** The options that `create` reads. */
export const SCHEMA = {
    connect_seconds: option(kinds.positive, 1, "how long connecting may take"),
    timeout_seconds: option(kinds.positive, 5, "how long writing one batch may take"),
    keepalive_seconds: option(kinds.positive, 60, "how long the connection is kept between batches"),
};

/** How long a look at the connection waits for the news that it is closed: the shortest timeout of sockets. */
const LOOK_MS = 1;
/** What a peer says is of no interest, in bytes. */
const CHATTER_BYTES = 4096;

/** A connection to this endpoint, not opened yet; without `tls` it is a plain one. Phases: init. */
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

/** Whether the peer has not closed the connection, as far as is known here. What it says is passed over. */
function is_open(socket: ngx.Tcp): boolean {
    socket.settimeout(LOOK_MS);
    const [said, err] = socket.receiveany(CHATTER_BYTES);
    return said !== undefined || err === "timeout";
}

function open(stream: KeptStream, deadline: number): Result<ngx.Tcp> {
    const [socket, err, reused] = connection.open(stream.settings, stream.target, deadline, false);
    if (socket === undefined) return $multi(undefined, err);
    if (reused !== true || is_open(socket)) return $multi(socket);
    socket.close();
    const [fresh, fresh_err] = connection.open(stream.settings, stream.target, deadline, true);
    if (fresh === undefined) return $multi(undefined, fresh_err);
    return $multi(fresh);
}

/** Writes all of the text within so many seconds. On failure nil and why; a part of it may have arrived. Phases: timer. */
export function send(stream: KeptStream, text: string, most_seconds: number): Result<true> {
    const deadline = clock.now() + math.min(stream.timeout_seconds, most_seconds);
    const [socket, err] = open(stream, deadline);
    if (socket === undefined) return $multi(undefined, `cannot connect: ${err}`);
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
