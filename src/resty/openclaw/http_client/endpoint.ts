/** The address of a server: the options that all clients on sockets have in common. Phases: init. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Values } from "../config/schema";
import { computed, option } from "../config/schema";
import * as http_target from "./target";

export interface Endpoint {
    /** A name, an address, or "unix:/path", as sockets want it. */
    readonly host: string;
    /** 0 with a unix socket. */
    readonly port: number;
}

export interface Tls {
    readonly ssl_verify: boolean;
    /** The name for SNI and in the certificate; nothing where no name is verified. */
    readonly ssl_server_name: string | undefined;
}

/** The options with the address of a server. */
export interface PlaceOptions {
    readonly host?: string | undefined;
    readonly port?: number | undefined;
    readonly path?: string | undefined;
}

/** Adds the problem that this is not a host. What may be a URL with a password is not shown. */
export function add_no_host(problems: Problems, path: string, expected: string, given: unknown): void {
    const [user] = string.find(tostring(given), "@", 1, true);
    if (user === undefined) problem.add(problems, path, expected, given);
    else problem.add_no_table(problems, path, expected, given);
}

export const HOST: Kind<string> = {
    name: "host",
    read: (given, path, problems) => {
        if (typeof given === "string" && http_target.is_host(given)) return given;
        add_no_host(problems, path, "a host name, an IPv4 address or an IPv6 address in brackets", given);
        return "";
    },
};

export const PORT = kinds.whole(1, 65535);

/** The path of a unix socket. */
export const SOCKET_PATH = kinds.of<string>(
    "path",
    'an absolute path, beginning with "/"',
    (given) => typeof given === "string" && http_target.is_unix_socket(`unix:${given}`),
);

/** The default in the documentation where `path` may replace the option. */
export const UNLESS_PATH = "required, unless `path` is given";

/** The options that `tls` reads. */
export const TLS_SCHEMA = {
    ssl_verify: option(
        kinds.flag,
        true,
        "with `tls` only: whether the server's certificate must be trusted and match the name",
    ),
    ssl_server_name: computed(
        kinds.text,
        "`host`",
        "with `tls` only: that name; required with an address that is verified",
    ),
};

/** Adds to the problems where both a unix socket and a host are given. */
export function check_one_place(given: Record<string, unknown>, path: string, problems: Problems): void {
    if (given.path === undefined || (given.host === undefined && given.port === undefined)) return;
    problems.push(`${problem.beginning(path)} "path" is a unix socket, which has no "host" and no "port"`);
}

/** As `check_one_place`; adds as well where there is neither of them. */
export function check_place(given: Record<string, unknown>, path: string, problems: Problems): void {
    check_one_place(given, path, problems);
    if (given.path === undefined && given.host === undefined) {
        HOST.read(undefined, problem.child(path, "host"), problems);
    }
}

/** A unix socket where `path` is given, else `host` and `port`. */
export function of(options: PlaceOptions): Endpoint {
    if (options.path !== undefined) return { host: `unix:${options.path}`, port: 0 };
    return { host: options.host!, port: options.port! };
}

/** The TLS settings. Raises where there is no name to verify. */
export function tls(options: Values<typeof TLS_SCHEMA>, endpoint: Endpoint, path: string): Tls {
    const { ssl_verify } = options;
    const host = http_target.is_address(endpoint.host) ? undefined : endpoint.host;
    const name = options.ssl_server_name ?? host;
    if (ssl_verify && name === undefined) {
        const expected = "the name in the certificate, as the host is an address";
        problem.refuse(problem.child(path, "ssl_server_name"), expected, name);
    }
    return { ssl_verify, ssl_server_name: name };
}
