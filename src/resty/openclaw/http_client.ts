/**
 * A small HTTP/1.1 client on cosockets, for health probes and log sinks: one request, one complete response, with limits for all sizes and
 * times.
 *
 * Host names need nginx's `resolver`; https needs `lua_ssl_trusted_certificate`. See docs/http_client.md.
 */
import * as clock from "./core/time/clock";
import type { Source } from "./http_client/connection";
import * as connection from "./http_client/connection";
import * as http_reader from "./http_client/reader";
import * as request_head from "./http_client/request_head";
import type { Receiver, Response } from "./http_client/response";
import * as http_response from "./http_client/response";
import type { Target } from "./http_client/target";
import * as http_target from "./http_client/target";

export type { Receiver, Response, Source, Target };

export interface Request {
    /** An http or https URL, or else its parts. */
    readonly url?: string;
    readonly scheme?: "http" | "https";
    /** A name, an IPv4 address, an IPv6 address in brackets, or "unix:/path", which has no port. */
    readonly host?: string;
    readonly port?: number;
    /** "/" */
    readonly path?: string;
    /** "GET" */
    readonly method?: string;
    readonly headers?: Record<string, string | number>;
    /** A string, or a table that returns it in pieces: `bytes`, and a method `piece`. */
    readonly body?: string | Source;
    /** 1 */
    readonly connect_seconds?: number;
    /** 5; maximum time in which the peer accepts none of the request. */
    readonly send_seconds?: number;
    /** 5; maximum time in which the peer sends nothing. */
    readonly read_seconds?: number;
    /** 10; maximum time of the whole request, whatever the peer does. */
    readonly total_seconds?: number;
    /** How long a connection is kept idle for the next request; 0, the default, closes it. */
    readonly keepalive_seconds?: number;
    /** Idle connections each worker keeps for the same host and settings: 8. */
    readonly keepalive_connections?: number;
    /** Maximum length of the response body: 1 MiB. */
    readonly max_bytes?: number;
    /** Whether a longer body is truncated there, or else an error: false. */
    readonly truncate?: boolean;
    /** Takes the response while it comes; the body of the result is empty then. It may not raise. */
    readonly receiver?: Receiver;
    /** Whether the certificate must be trusted and match the name: true. */
    readonly ssl_verify?: boolean;
    /** The name for SNI and for the certificate; the host unless given. */
    readonly ssl_server_name?: string | undefined;
    /**
     * Whether the request may reach the peer twice. Only then is it repeated when a kept connection turns out to be
     * stale. True for GET, HEAD, OPTIONS, PUT and DELETE unless given, false for all others.
     */
    readonly repeatable?: boolean;
}

/** The result of one attempt; `stale`: a kept-alive connection was closed before any byte of the response. */
type Attempt = LuaMultiReturn<
    [response: Response, err?: undefined] | [response: undefined, err: string, stale?: boolean]
>;

const MIB = 1024 * 1024;

/** RFC 9110, section 9.2.2. */
const IDEMPOTENT: Record<string, boolean | undefined> = {
    GET: true,
    HEAD: true,
    OPTIONS: true,
    PUT: true,
    DELETE: true,
};

/**
 * The parts of an http or https URL, to be checked once and given to `request` as they are. Phases: any. On failure
 * nil and why.
 */
export function parse_url(url: string): Result<Target> {
    return http_target.parse(url);
}

/** Whether a text may be sent as the path of a request, with its query. Phases: any. */
export function is_path(text: string): boolean {
    return http_target.is_path(text);
}

/** What is wrong with a header, or nothing. Phases: any. */
export function header_fault(name: unknown, value: unknown): string | undefined {
    return request_head.header_fault(name, value);
}

function target_of(request: Request): Result<Target> {
    if (request.url !== undefined) return http_target.parse(request.url);
    const scheme = request.scheme ?? "http";
    const host = request.host ?? "";
    const port = request.port ?? (scheme === "https" ? 443 : 80);
    const path = request.path ?? "/";
    const is_socket = http_target.is_unix_socket(host);
    if (!is_socket && !http_target.is_host(host)) return $multi(undefined, "no legal host");
    if (!is_socket && !http_target.is_port(port)) return $multi(undefined, "no legal port");
    if (!http_target.is_path(path)) return $multi(undefined, "a blank, a control character or a fragment in the path");
    return $multi({ scheme, host, port, path });
}

/** The default of the Host header; "localhost" for a unix socket, as with nginx. */
function host_header(target: Target): string {
    if (http_target.is_unix_socket(target.host)) return "localhost";
    const default_port = target.scheme === "https" ? 443 : 80;
    return target.port === default_port ? target.host : `${target.host}:${target.port}`;
}

function body_bytes(body: string | Source | undefined): number | undefined {
    return typeof body === "string" ? body.length : body?.bytes;
}

/** One attempt on one connection. */
function exchange(
    options: Request,
    target: Target,
    method: string,
    head: string,
    deadline: MonotonicTime,
    fresh: boolean,
): Attempt {
    const [socket, connect_err, reused] = connection.open(options, target, deadline, fresh);
    if (socket === undefined) return $multi(undefined, `cannot connect: ${http_target.with_remedy(connect_err)}`);
    const [sent, send_err] = connection.send(socket, options, head, options.body ?? "", deadline);
    if (sent === undefined) {
        socket.close();
        return $multi(undefined, `cannot send: ${send_err}`, reused && send_err !== "timeout");
    }
    const reader = http_reader.new(socket, (options.read_seconds ?? 5) * 1000, deadline);
    const [response, rest] = http_response.read(
        reader,
        method,
        options.max_bytes ?? MIB,
        options.truncate === true,
        options.receiver,
    );
    if (response === undefined) {
        socket.close();
        const stale = reused && !reader.began && rest !== "timeout";
        return $multi(undefined, `cannot read the response: ${rest as string}`, stale);
    }
    connection.leave(socket, options, rest as boolean);
    return $multi(response);
}

/**
 * Sends one request and reads the complete response; redirects are not followed. Phases: those that may yield. On failure nil and why;
 * the message never contains header values, paths or bodies.
 */
export function request(options: Request): Result<Response> {
    const [target, target_err] = target_of(options);
    if (target === undefined) return $multi(undefined, target_err);
    const method = options.method ?? "GET";
    if (!request_head.is_method(method)) return $multi(undefined, "no legal method");
    const host = host_header(target);
    const keep = (options.keepalive_seconds ?? 0) > 0;
    const bytes = body_bytes(options.body);
    const [head, head_err] = request_head.head(method, target.path, host, keep, options.headers, bytes);
    if (head === undefined) return $multi(undefined, head_err);
    const deadline = later(clock.now(), options.total_seconds ?? 10);
    const [response, err, stale] = exchange(options, target, method, head, deadline, false);
    if (response !== undefined) return $multi(response);
    const repeatable = options.repeatable ?? IDEMPOTENT[method] === true;
    if (stale !== true || !repeatable) return $multi(undefined, err!);
    const [second, second_err] = exchange(options, target, method, head, deadline, true);
    if (second === undefined) return $multi(undefined, second_err!);
    return $multi(second);
}
