/** Opens the connection of one request, sends the request, and closes or keeps the connection. Deadlines are by `clock`. Phases: those that may yield. */
import * as clock from "../core/time/clock";
import * as time_slice from "../core/time/time_slice";
import type { Target } from "./target";
import * as http_target from "./target";

/** A body that is read while it is sent, so that it is never in memory as a whole. */
export interface Source {
    /** The length of the body in bytes. */
    readonly bytes: number;
    /** The bytes after the first `from` ones: at least one, at most `most`. On failure nil and why. May yield. */
    piece(from: number, most: number): Result<string>;
}

/** The options of a request that concern its connection; see `Request` in http_client.ts. */
export interface Settings {
    readonly connect_seconds?: number;
    readonly send_seconds?: number;
    readonly keepalive_seconds?: number;
    readonly keepalive_connections?: number;
    readonly ssl_verify?: boolean;
    readonly ssl_server_name?: string | undefined;
    /** Connections are shared only for the same purpose; "http" by default. */
    readonly purpose?: string;
}

/** Bytes that are sent before the deadline is checked again. */
const PIECE_BYTES = 65536;
/** After so many pieces of a source, other requests may run. */
const PIECES_AT_A_STRETCH = 8;

/** Seconds as milliseconds, at most until the deadline, but at least 1: for sockets, 0 means no limit. */
function milliseconds(seconds: number, deadline: MonotonicTime): number {
    return math.max(1, math.floor(math.min(seconds, deadline - clock.now()) * 1000));
}

/** The name that the certificate must have; none for an address. */
function server_name_of(settings: Settings, target: Target): string | undefined {
    if (settings.ssl_server_name !== undefined) return settings.ssl_server_name;
    if (http_target.is_address(target.host)) return undefined;
    return target.host;
}

/** The pool of a connection. Requests share connections only if they have the same target, TLS settings and keepalive time. */
function pool_of(settings: Settings, target: Target, server_name: string | undefined, verify: boolean): string {
    return string.format(
        "openclaw %s %s %s %d %s %s %s",
        settings.purpose ?? "http",
        target.scheme,
        target.host,
        target.port,
        server_name ?? "",
        tostring(verify),
        tostring(settings.keepalive_seconds ?? 0),
    );
}

function connect(socket: ngx.Tcp, target: Target, pool: string): Result<1> {
    if (http_target.is_unix_socket(target.host)) return socket.connect(target.host, { pool });
    return socket.connect(target.host, target.port, { pool });
}

/**
 * A connected socket; third result: whether its connection has carried a request before. On failure nil and why.
 * @param fresh whether the connection must be new
 */
export function open(
    settings: Settings,
    target: Target,
    deadline: MonotonicTime,
    fresh: boolean,
): LuaMultiReturn<[socket: ngx.Tcp, err: undefined, reused: boolean] | [socket: undefined, err: string]> {
    const tls = target.scheme === "https";
    const verify = settings.ssl_verify !== false;
    const server_name = server_name_of(settings, target);
    if (tls && verify && server_name === undefined) return $multi(undefined, "an address needs ssl_server_name");
    const pool = pool_of(settings, target, server_name, verify);
    const socket = ngx.socket.tcp();
    let reused = true;
    while (reused) {
        const connect_ms = milliseconds(settings.connect_seconds ?? 1, deadline);
        socket.settimeouts(connect_ms, connect_ms, connect_ms);
        const [connected, err] = connect(socket, target, pool);
        if (connected === undefined) return $multi(undefined, err);
        const [times] = socket.getreusedtimes();
        reused = times !== undefined && times > 0;
        if (reused && !fresh) return $multi(socket, undefined, true);
        // Other idle connections may be stale too.
        if (reused) socket.close();
    }
    if (tls) {
        // What connecting took is gone.
        const tls_ms = milliseconds(settings.connect_seconds ?? 1, deadline);
        socket.settimeouts(tls_ms, tls_ms, tls_ms);
        const [agreed, err] = socket.sslhandshake(false, server_name, verify);
        if (agreed !== true) {
            socket.close();
            return $multi(undefined, `no TLS: ${err}`);
        }
    }
    return $multi(socket, undefined, false);
}

/** The bytes of a body after the first `from` ones, at most one piece. */
function piece_of(body: string | Source, from: number, bytes: number): Result<string> {
    if (typeof body === "string") return $multi(string.sub(body, from + 1, from + PIECE_BYTES));
    const [piece, err] = body.piece(from, math.min(PIECE_BYTES, bytes - from));
    if (piece === undefined) return $multi(undefined, err);
    if (piece === "") return $multi(undefined, "the body is shorter than it was said to be");
    return $multi(piece);
}

/** Sends head and body. Nil and why if the peer does not accept them in time, or if the body cannot be read. */
export function send(
    socket: ngx.Tcp,
    settings: Settings,
    head: string,
    body: string | Source,
    deadline: MonotonicTime,
): Result<true> {
    const bytes = typeof body === "string" ? body.length : body.bytes;
    let at = 0;
    let pieces = 0;
    do {
        let data: string | string[] = head;
        if (at < bytes) {
            const [piece, err] = piece_of(body, at, bytes);
            if (piece === undefined) return $multi(undefined, err);
            data = at === 0 ? [head, piece] : piece;
            at += piece.length;
        }
        if (clock.now() >= deadline) return $multi(undefined, "timeout");
        socket.settimeout(milliseconds(settings.send_seconds ?? 5, deadline));
        const [sent, err] = socket.send(data);
        if (sent === undefined) return $multi(undefined, err);
        pieces += 1;
        if (typeof body !== "string" && pieces % PIECES_AT_A_STRETCH === 0) time_slice.yield_now();
    } while (at < bytes);
    return $multi(true);
}

/** Keeps the connection for the next request if keepalive is set and the connection is reusable; else closes it. */
export function leave(socket: ngx.Tcp, settings: Settings, reusable: boolean): void {
    const idle_seconds = settings.keepalive_seconds ?? 0;
    // An idle connection would delay the exit of a worker.
    if (reusable && idle_seconds > 0 && !ngx.worker.exiting()) {
        const [kept] = socket.setkeepalive(idle_seconds * 1000, settings.keepalive_connections ?? 8);
        if (kept !== undefined) return;
    }
    socket.close();
}
