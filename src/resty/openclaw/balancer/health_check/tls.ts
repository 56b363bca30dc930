/** Which nodes are checked over TLS, and with which name. */
import * as kinds from "../../config/kinds";
import type { Problems } from "../../config/problems";
import * as problem from "../../config/problems";
import { is_host } from "../discovery/name";

export interface TlsSettings {
    /** Whether checks use TLS; if it is not set, only checks of port 443 do. */
    readonly ssl: boolean | undefined;
    /** Whether the certificate must be trusted and match the name. */
    readonly ssl_verify: boolean;
    /** The name for SNI and for the certificate; by default that of the node. */
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

/** The option `ssl_server_name`. */
export const SERVER_NAME = kinds.of<string>(
    "string",
    "the name of a host",
    (given) => typeof given === "string" && is_host(given),
);

/** Adds to the problems TLS options that have no effect because `ssl` is false. Phases: init. */
export function add_useless(given: Readonly<Record<string, unknown>>, path: string, problems: Problems): void {
    if (given.ssl !== false) return;
    for (const name of ["ssl_verify", "ssl_server_name"]) {
        const value = given[name];
        if (value !== undefined) problem.add(problems, `${path}.${name}`, "nothing where ssl is false", value);
    }
}

/** Whether a check of this port uses TLS; 0 is a unix socket. Phases: any. */
export function is_tls(settings: TlsSettings, port: number): boolean {
    return settings.ssl ?? port === HTTPS_PORT;
}

/**
 * Adds a problem if a node's certificate cannot be verified because its name is unknown. Phases: init.
 * @param port the port of all checks, if they do not use the nodes' own ports
 */
export function check_names(
    settings: TlsSettings,
    port: number | undefined,
    nodes: readonly Listed[],
    path: string,
    problems: Problems,
): void {
    if (!settings.ssl_verify || settings.ssl_server_name !== undefined) return;
    for (const node of nodes) {
        const its_port = node.port === 0 ? 0 : (port ?? node.port);
        if (!node.is_name && is_tls(settings, its_port)) {
            const expected = `the name in the certificate of ${node.text}`;
            problem.add(problems, `${path}.ssl_server_name`, expected, undefined);
            return;
        }
    }
}
