/** The options of a client of Redis or Valkey. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import type { Schema, Values } from "../config/schema";
import { computed, names, option, optional, table_of } from "../config/schema";
import type { Endpoint } from "../http_client/endpoint";
import * as endpoints from "../http_client/endpoint";
import * as http_target from "../http_client/target";

const PORT = 6379;

/** A secret in the configuration. An invalid one is not shown. */
const PASSWORD: Kind<string> = {
    name: "string",
    read: (given, path, problems) => {
        if (typeof given !== "string" || given === "") problems.push(`${path} must be a non-empty string`);
        return given as string;
    },
};

/** A host with its port. */
const HOST_AND_PORT: Kind<Endpoint> = {
    name: "string",
    read: (given, path, problems) => {
        const [host, digits] = string.match(typeof given === "string" ? given : "", "^(.+):(%d+)$");
        const port = tonumber(digits) ?? 0;
        if (host === undefined || !http_target.is_host(host) || !http_target.is_port(port)) {
            endpoints.add_no_host(problems, path, 'a host with its port, like "10.0.0.1:6379"', given);
            return { host: "", port };
        }
        return { host: string.lower(host), port };
    },
};

export const SCHEMA = {
    host: option(endpoints.HOST, "127.0.0.1", "a name, an IPv4 address, or an IPv6 address in brackets"),
    port: option(endpoints.PORT, PORT, "its port"),
    path: optional(endpoints.SOCKET_PATH, "a unix socket instead"),
    username: optional(kinds.text, "user name; without it, the default user"),
    password: optional(PASSWORD, "the password, which is never logged"),
    password_file: optional(
        kinds.secret_file,
        "the absolute path of a file whose first line is the password, read anew at most once a second; workers must be able to read it, and not all users may",
    ),
    hosts: optional(
        kinds.list_of(HOST_AND_PORT),
        'instead of `host` and `port`: `{ "10.0.0.1:6379", "10.0.0.2:6379" }`, the nodes of a cluster, or a server and its replicas',
    ),
    database: option(kinds.whole(0), 0, "the database; a cluster has only 0"),
    ssl: option(kinds.flag, false, "whether to use TLS"),
    ssl_verify: option(kinds.flag, true, "whether the server's certificate must be trusted and match the name"),
    ssl_server_name: computed(kinds.text, "`host`", "that name; required with an address that is verified"),
    connect_seconds: option(kinds.positive, 1, "timeout for connecting"),
    timeout_seconds: option(kinds.positive, 5, "timeout of one attempt"),
    keepalive_seconds: option(
        kinds.positive,
        60,
        "how long an idle connection is kept; connections are shared only with equal credentials",
    ),
};

export type Options = Values<typeof SCHEMA>;

/** Adds to the problems where options contradict each other. Phases: init. */
export function check(given: Record<string, unknown>, path: string, problems: Problems): void {
    const { hosts, username, password, password_file } = given;
    const beginning = problem.beginning(path);
    if (hosts === undefined) {
        endpoints.check_one_place(given, path, problems);
    } else if (given.host !== undefined || given.port !== undefined || given.path !== undefined) {
        problems.push(`${beginning} "hosts" names all of them, so there is no "host", "port" or "path" beside it`);
    }
    if (password !== undefined && password_file !== undefined) {
        problems.push(`${beginning} "password" and "password_file" cannot both be given`);
    }
    if (username !== undefined && password === undefined && password_file === undefined) {
        problems.push(`${beginning} "username" needs "password" or "password_file"`);
    }
}

/** A kind: a table with these options, which have those of Redis among them; with what contradicts each other. */
export function kind_of<Declared extends Schema>(schema: Declared): Kind<Values<Declared>> {
    const table = table_of(schema);
    return {
        name: table.name,
        schema,
        read: (given, path, problems) => {
            if (type(given) === "table") check(given as Record<string, unknown>, path, problems);
            return table.read(given, path, problems);
        },
    };
}

/** A text that is the same for equal options of a schema that has these, and shows no secret. Phases: init. */
export function fingerprint<Its extends Options>(options: Its, schema: Schema): string {
    const parts: string[] = [];
    for (const name of names(schema)) {
        const value = options[name as keyof Its];
        if (name !== "hosts") parts.push(`${name}=${tostring(value)}`);
    }
    for (const { host, port } of options.hosts ?? []) parts.push(`${host}:${port}`);
    return ngx.md5(table.concat(parts, "\n"));
}

/** Where Redis is, for the log: "10.0.2.5:6379", with `hosts` all of them, or "unix:/path". Phases: init. */
export function address({ host, port, path, hosts }: Options): string {
    if (path !== undefined) return `unix:${path}`;
    const all: string[] = [];
    for (const its of hosts ?? [{ host, port }]) all.push(`${its.host}:${its.port}`);
    return table.concat(all, ", ");
}
