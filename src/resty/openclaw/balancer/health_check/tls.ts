/** Which nodes are checked over TLS, and by which name. */
import * as read from "../../options";
import type { Options } from "../../options";
import { is_host } from "../discovery/name";

export interface TlsSettings {
    /** Without it, nodes whose port is 443 are. */
    readonly ssl: boolean | undefined;
    /** Whether a certificate must be trusted and fit the name. */
    readonly ssl_verify: boolean;
    /** The name for SNI and for the certificate; that of the node unless given. */
    readonly ssl_server_name: string | undefined;
}

/** A node as the user lists it. */
export interface Listed {
    /** Its address, or a name. */
    readonly text: string;
    readonly is_name: boolean;
    readonly port: number;
}

const HTTPS_PORT = 443;

function read_server_name(owner: string, options: Options): string | undefined {
    if (options.ssl_server_name === undefined) return undefined;
    const name = read.text(owner, options, "ssl_server_name");
    if (!is_host(name)) read.refuse(owner, "ssl_server_name", "the name of a host", name);
    return name;
}

/** The settings that the options describe. Phases: init. Raises when an option is wrong. */
export function read_tls(owner: string, options: Options): TlsSettings {
    const ssl = options.ssl === undefined ? undefined : read.flag(owner, options, "ssl", false);
    for (const name of ["ssl_verify", "ssl_server_name"]) {
        if (ssl === false && options[name] !== undefined) {
            read.refuse(owner, name, 'nothing where "ssl" is false', options[name]);
        }
    }
    return {
        ssl,
        ssl_verify: read.flag(owner, options, "ssl_verify", true),
        ssl_server_name: read_server_name(owner, options),
    };
}

/** Whether a check that goes to this port, 0 for a unix socket, goes over TLS. Phases: any. */
export function is_tls(settings: TlsSettings, port: number): boolean {
    return settings.ssl ?? port === HTTPS_PORT;
}

/**
 * Refuses nodes whose certificates cannot be verified, as nobody has said what name is in them. Phases: init.
 * @param port where checks go instead of the nodes' own ports, if anywhere
 */
export function check_names(
    owner: string,
    settings: TlsSettings,
    port: number | undefined,
    nodes: readonly Listed[],
): void {
    if (!settings.ssl_verify || settings.ssl_server_name !== undefined) return;
    for (const node of nodes) {
        const its_port = node.port === 0 ? 0 : (port ?? node.port);
        if (!node.is_name && is_tls(settings, its_port)) {
            read.refuse(owner, "ssl_server_name", `the name in the certificate of ${node.text}`, undefined);
        }
    }
}
