/** Where a sink is: the options that sinks on sockets have in common. Phases: init. */
import * as http_target from "../../http_client/target";
import * as read from "../../options";
import type { Options } from "../../options";

export interface Endpoint {
    /** A name, an address, or "unix:/path", as sockets want it. */
    readonly host: string;
    /** 0 with a unix socket. */
    readonly port: number;
}

export interface Tls {
    readonly ssl_verify: boolean;
    /** The name to ask for and to find in the certificate; nothing where there is none to verify. */
    readonly ssl_server_name: string | undefined;
}

/** The options that `tls` reads. */
export const TLS_OPTIONS = ["ssl_verify", "ssl_server_name"];

function append(names: string[], more: readonly string[]): void {
    for (const name of more) names.push(name);
}

/** The names of options in these lists, as one list. */
export function joined(lists: string[][]): string[] {
    const names: string[] = [];
    for (const list of lists) append(names, list);
    return names;
}

/** A unix socket at the option `path`. */
export function at_path(owner: string, options: Options): Endpoint {
    const path = read.text(owner, options, "path");
    if (!http_target.is_unix_socket(`unix:${path}`)) {
        read.refuse(owner, "path", 'an absolute path, beginning with "/"', path);
    }
    return { host: `unix:${path}`, port: 0 };
}

/** The options `host` and `port`. */
export function at_host(owner: string, options: Options, host?: string, port?: number): Endpoint {
    const its_host = read.text(owner, options, "host", host);
    if (!http_target.is_host(its_host)) {
        read.refuse(owner, "host", "a host name, an IPv4 address or an IPv6 address in brackets", its_host);
    }
    const its_port = read.whole(owner, options, "port", 1, port);
    if (!http_target.is_port(its_port)) read.refuse(owner, "port", "a whole number from 1 to 65535", its_port);
    return { host: its_host, port: its_port };
}

/** A unix socket where `path` is given, else `host` and `port`. */
export function anywhere(owner: string, options: Options, host?: string, port?: number): Endpoint {
    if (options.path === undefined) return at_host(owner, options, host, port);
    if (options.host !== undefined || options.port !== undefined) {
        error(`${owner}: "path" is a unix socket, which has no "host" and no "port"`, 0);
    }
    return at_path(owner, options);
}

/** How a TLS server shows who it is. */
export function tls(owner: string, options: Options, endpoint: Endpoint): Tls {
    const ssl_verify = read.flag(owner, options, "ssl_verify", true);
    let name: string | undefined;
    if (options.ssl_server_name !== undefined) name = read.text(owner, options, "ssl_server_name");
    else if (!http_target.is_address(endpoint.host)) name = endpoint.host;
    if (ssl_verify && name === undefined) {
        read.refuse(owner, "ssl_server_name", "the name in the certificate, as the host is an address", name);
    }
    return { ssl_verify, ssl_server_name: name };
}
