/**
 * By which name nginx speaks to the node of a try: in TLS (SNI, and what the certificate is verified against), and in the
 * Host header where the upstream's nodes are to get their own.
 */
import * as nginx_balancer from "ngx.balancer";
import type { Faults } from "../core/metrics/fault";
import * as request from "../core/request/request";
import type { Peer } from "./model";

const HTTP_PORT = 80;
const HTTPS_PORT = 443;

/** What nginx.conf says as Host; see nginx/proxy.conf. */
const VARIABLE = "openclaw_host";

/** A node's own Host header: its name, or else its address, with its port where that is none of the usual ones. Phases: any. */
export function host_header(name: string | undefined, host: string, port: number): string {
    // A unix socket; nginx, too, says so.
    if (port === 0) return "localhost";
    const shown = name ?? host;
    return port === HTTP_PORT || port === HTTPS_PORT ? shown : `${shown}:${port}`;
}

/**
 * The name for TLS of a try at this peer; nothing for nginx's own (`proxy_ssl_name`, or the name of the upstream). Phases: any.
 * @param last where the request has just been
 * @param upstream the name of the upstream in nginx.conf
 */
export function server_name(peer: Peer, last: Peer | undefined, upstream: string): string | undefined {
    if (peer.server_name !== undefined || last?.server_name === undefined) return peer.server_name;
    // Else it would still be that of the node before.
    return upstream;
}

/** Has the node get its own name as Host: nginx has written the header before there was a node. Phases: balancer. */
export function tell_host(peer: Peer, faults: Faults): void {
    if (request.variable(VARIABLE) === peer.host_header) return;
    if (!request.set_variable(VARIABLE, peer.host_header)) {
        faults.report("no_host_variable", 'host = "node" needs openclaw.conf or standalone.conf: no $', VARIABLE);
        return;
    }
    const [ok, err] = nginx_balancer.recreate_request();
    if (ok !== true) faults.report("recreate_request", err);
}
