/** One check of one node. */
import * as retry_after_of from "../../core/http/retry_after";
import * as http_client from "../../http_client";
import * as busy_statuses from "../busy_statuses";
import type { CheckResult } from "./health_state";
import type { Settings } from "./options";
import * as tls from "./tls";

/** The result; why it is not "pass"; and for how long a busy node asks to get no requests. */
export type Outcome = LuaMultiReturn<
    [result: CheckResult, why?: string | undefined, retry_after_seconds?: number | undefined]
>;

/** So many bytes of a body are read. */
const BODY_BYTES = 65536;

const TOO_MANY_REQUESTS = 429;
const HTTPS_PORT = 443;

/** The name of its own pool, so that no kept-alive connection of others is used. */
const POOL = "openclaw health check";

function connect(socket: ngx.Tcp, host: string, port: number): Result<1> {
    if (port === 0) return socket.connect(host, { pool: POOL });
    return socket.connect(host, port, { pool: POOL });
}

function probe_tcp(settings: Settings, host: string, port: number): Outcome {
    const socket = ngx.socket.tcp();
    socket.settimeout(math.max(1, settings.timeout_seconds * 1000));
    const [connected, err] = connect(socket, host, port);
    if (connected === undefined) return $multi("fail", `cannot connect: ${err}`);
    socket.close();
    return $multi("pass");
}

function judge(settings: Settings, response: http_client.Response): Outcome {
    const status = response.status;
    if (settings.expected.has(status)) {
        if (settings.body === undefined) return $multi("pass");
        const [found] = string.find(response.body, settings.body, 1, true);
        if (found !== undefined) return $multi("pass");
        return $multi("fail", "the body lacks the text");
    }
    const retry_after = response.headers["retry-after"];
    if (busy_statuses.is_busy(settings.busy_statuses, tostring(status), retry_after)) {
        return $multi("busy", `status ${status}`, retry_after_of.seconds(retry_after));
    }
    // A rate limit for the checks: the node is up.
    if (status === TOO_MANY_REQUESTS) return $multi("pass");
    return $multi("fail", `status ${status}`);
}

/** The headers: over TLS the Host header must be the name in SNI, as servers reject requests where they differ. */
function headers_for(settings: Settings, name: string | undefined, port: number): Record<string, string> {
    if (name === undefined || settings.headers.Host !== undefined) return settings.headers;
    return { Host: port === 0 || port === HTTPS_PORT ? name : `${name}:${port}` };
}

function probe_http(settings: Settings, host: string, port: number, server_name: string | undefined): Outcome {
    const is_tls = tls.is_tls(settings, port);
    const name = is_tls ? (settings.ssl_server_name ?? server_name) : undefined;
    const [response, err] = http_client.request({
        scheme: is_tls ? "https" : "http",
        host,
        port,
        path: settings.uri,
        headers: headers_for(settings, name, port),
        connect_seconds: settings.timeout_seconds,
        send_seconds: settings.timeout_seconds,
        read_seconds: settings.timeout_seconds,
        total_seconds: settings.timeout_seconds,
        max_bytes: BODY_BYTES,
        truncate: true,
        ssl_verify: settings.ssl_verify,
        ssl_server_name: name,
    });
    if (response === undefined) return $multi("fail", err);
    return judge(settings, response);
}

/**
 * Checks a node: "pass", also for a 429 that is not one of `busy_statuses`; "busy" for a status that is one, with the seconds of its
 * Retry-After; else "fail". Takes no longer than the timeout. Phases: those that may yield.
 * @param port 0 if the host is a unix socket
 * @param server_name the node's name for TLS, if it has one
 */
export function probe(settings: Settings, host: string, port: number, server_name?: string): Outcome {
    // The timeout begins now, and nginx's cached time may be old.
    ngx.update_time();
    const actual_port = port === 0 ? 0 : (settings.port ?? port);
    if (settings.type === "tcp") return probe_tcp(settings, host, actual_port);
    return probe_http(settings, host, actual_port, server_name);
}
