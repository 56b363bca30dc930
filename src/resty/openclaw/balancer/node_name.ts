/**
 * The name that nginx uses for the node of an attempt: in TLS (for SNI, and to verify the certificate), and in the Host header
 * if the upstream has `host = "node"`.
 */
import * as nginx_balancer from "ngx.balancer";
import type { Faults } from "../core/metrics/fault";
import * as request from "../core/request/request";
import type { Peer } from "./model";

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** The variable that nginx.conf sends as Host; see nginx/proxy.conf. */
const VARIABLE = "openclaw_host";

/** A node's own Host header: its name or else its address, with its port unless that is 80 or 443. Phases: any. */
export function host_header(name: string | undefined, host: string, port: number): string {
    // A unix socket; nginx does the same.
    if (port === 0) return "localhost";
    const shown = name ?? host;
    return port === HTTP_PORT || port === HTTPS_PORT ? shown : `${shown}:${port}`;
}

/**
 * The name for TLS of an attempt at this peer. Nothing to keep nginx's own (`proxy_ssl_name`, or the name of the upstream). Phases: any.
 * @param last the peer of the attempt before
 * @param upstream the name of the upstream in nginx.conf
 */
export function server_name(peer: Peer, last: Peer | undefined, upstream: string): string | undefined {
    if (peer.server_name !== undefined || last?.server_name === undefined) return peer.server_name;
    // Otherwise nginx would still use the name of the node before.
    return upstream;
}

/** Sends the node its own name as Host. nginx has written the header before the node was chosen, so it is written again. Phases: balancer. */
export function tell_host(peer: Peer, faults: Faults): void {
    if (request.variable(VARIABLE) === peer.host_header) return;
    if (!request.set_variable(VARIABLE, peer.host_header)) {
        faults.report("no_host_variable", 'host = "node" needs openclaw.conf or standalone.conf: no $', VARIABLE);
        return;
    }
    const [ok, err] = nginx_balancer.recreate_request();
    if (ok !== true) faults.report("recreate_request", err);
}
