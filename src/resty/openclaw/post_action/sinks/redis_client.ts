/** Connections to Redis or Valkey by lua-resty-redis: finds the library, connects and authenticates. */
import type { RedisClient, RedisLibrary } from "resty.redis";
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import type { Problems } from "../../config/problems";
import * as problem from "../../config/problems";
import type { Values } from "../../config/schema";
import { computed, option, optional } from "../../config/schema";
import * as files from "../../core/files/files";
import * as secret_file from "../../core/files/secret_file";
import * as http_target from "../../http_client/target";
import type { Endpoint, Tls } from "./endpoint";
import * as endpoints from "./endpoint";
import type { Redirection } from "./redis_error";

/** Address and TLS settings of a server. */
export interface Server {
    readonly endpoint: Endpoint;
    readonly tls: Tls | undefined;
}

export interface Redis {
    readonly library: RedisLibrary;
    readonly servers: Server[];
    /** The index of the server that is tried first. */
    current: number;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly password_file: string | undefined;
    readonly database: number;
    readonly connect_ms: number;
    readonly timeout_ms: number;
    readonly keepalive_ms: number;
}

/** OpenResty has the library under the first name, Debian's package under the second. */
const LIBRARIES = ["resty.redis", "nginx.redis"];
const PORT = 6379;
const MOST_PASSWORD_BYTES = 4096;

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

/** The options that `create` reads. */
export const SCHEMA = {
    host: option(endpoints.HOST, "127.0.0.1", "a name, an IPv4 address, or an IPv6 address in brackets"),
    port: option(endpoints.PORT, PORT, "its port"),
    path: optional(endpoints.SOCKET_PATH, "a unix socket instead"),
    username: optional(kinds.text, "user name; without it, the default user"),
    password: optional(PASSWORD, "the password, which is never logged"),
    password_file: optional(
        kinds.secret_file,
        "the absolute path of a file whose first line is the password, read anew for each batch; workers must be able to read it, and not all users may",
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

type Options = Values<typeof SCHEMA>;

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

function find_library(path: string): RedisLibrary {
    for (const name of LIBRARIES) {
        const [found, library] = pcall(require, name);
        if (found) return library as unknown as RedisLibrary;
    }
    return error(
        `${problem.beginning(path)} redis_stream needs lua-resty-redis, which Debian has in the package lua-nginx-redis`,
        0,
    );
}

/** The first line of a file. On failure nil and why, which never shows the contents. */
function read_password(path: string): Result<string> {
    const [text, err] = files.beginning(path, MOST_PASSWORD_BYTES);
    if (text === undefined) return $multi(undefined, `cannot read the password file: ${err}`);
    const [password] = string.match(text, "^[^\r\n]+");
    if (password === undefined) return $multi(undefined, "the password file is empty");
    return $multi(password);
}

/** Raises where the file is not usable. The password itself is read when it is needed, as the file may change. */
function check_password_file(path: string, file: string): void {
    if (secret_file.read(path, file, MOST_PASSWORD_BYTES) === "") error(`${path}: ${file} is empty`, 0);
}

/** The servers of `hosts`, or the one of `host`, `port` or `path`. */
function servers_of(options: Options, path: string): Server[] {
    const servers: Server[] = [];
    for (const endpoint of options.hosts ?? [endpoints.of(options)]) {
        servers.push({ endpoint, tls: options.ssl ? endpoints.tls(options, endpoint, path) : undefined });
    }
    return servers;
}

/** The servers and how to authenticate. Phases: init. Raises when options contradict each other, or the library or password file is missing. */
function create(options: Options, path: string): Redis {
    const library = find_library(path);
    const servers = servers_of(options, path);
    const { username, password, password_file } = options;
    if (password_file !== undefined) check_password_file(problem.child(path, "password_file"), password_file);
    return {
        library,
        servers,
        current: 0,
        username,
        password,
        password_file,
        database: options.database,
        connect_ms: options.connect_seconds * 1000,
        timeout_ms: options.timeout_seconds * 1000,
        keepalive_ms: options.keepalive_seconds * 1000,
    };
}
export { create as new };

/** Only connections with the same credentials are shared. The name has no secret in it, only its digest. */
function pool_of(redis: Redis, server: Server, password: string | undefined): string {
    const secret = ngx.md5(`${redis.username ?? ""}\n${password ?? ""}`);
    const tls =
        server.tls === undefined ? "" : `${tostring(server.tls.ssl_verify)} ${server.tls.ssl_server_name ?? ""}`;
    const { host, port } = server.endpoint;
    return string.format("openclaw redis %s %d %d %s %s", host, port, redis.database, tls, secret);
}

/** Prepares a new connection: TLS, authentication, database. */
function sign_in(redis: Redis, server: Server, client: RedisClient, password: string | undefined): Result<true> {
    if (server.tls !== undefined) {
        // Older releases of the library have no TLS, so its socket is used.
        const { ssl_server_name, ssl_verify } = server.tls;
        const [agreed, tls_err] = client._sock.sslhandshake(false, ssl_server_name, ssl_verify);
        if (agreed !== true) return $multi(undefined, `no TLS: ${tls_err}`);
    }
    if (password !== undefined) {
        const [known, auth_err] =
            redis.username === undefined ? client.auth(password) : client.auth(redis.username, password);
        if (!known) return $multi(undefined, `cannot sign in: ${auth_err}`);
    }
    if (redis.database > 0) {
        const [selected, select_err] = client.select(redis.database);
        if (!selected) return $multi(undefined, `cannot select the database: ${select_err}`);
    }
    return $multi(true);
}

/** The index of the server that a redirection names; nothing where it is not configured. Phases: any. */
export function index_of(redis: Redis, from: number, redirection: Redirection): number | undefined {
    const host = redirection.host === "" ? redis.servers[from]!.endpoint.host : string.lower(redirection.host);
    for (const [number, server] of ipairs(redis.servers)) {
        if (server.endpoint.host === host && server.endpoint.port === redirection.port) return number - 1;
    }
    return undefined;
}

/** Tries the next server first from now on. Phases: any. */
export function use_next_server(redis: Redis): void {
    redis.current = (redis.current + 1) % redis.servers.length;
}

/** A connected and authenticated client. On failure nil and why. Phases: timer. */
export function open(redis: Redis, index: number): Result<RedisClient> {
    let password = redis.password;
    if (redis.password_file !== undefined) {
        // Read for each batch, so that it may be changed.
        const [found, file_err] = read_password(redis.password_file);
        if (found === undefined) return $multi(undefined, file_err);
        password = found;
    }
    const [client, err] = redis.library.new(redis.library);
    if (client === undefined) return $multi(undefined, err);
    const server = redis.servers[index]!;
    const { host, port } = server.endpoint;
    const pool = pool_of(redis, server, password);
    client._sock.settimeouts(redis.connect_ms, redis.timeout_ms, redis.timeout_ms);
    const [connected, connect_err] = http_target.is_unix_socket(host)
        ? client.connect(host, { pool })
        : client.connect(host, port, { pool });
    if (connected === undefined) return $multi(undefined, `cannot connect: ${connect_err}`);
    const [times] = client.get_reused_times();
    if (times !== undefined && times > 0) return $multi(client);
    const [ready, ready_err] = sign_in(redis, server, client, password);
    if (ready === undefined) {
        client.close();
        return $multi(undefined, ready_err!);
    }
    return $multi(client);
}

/** Keeps a connection alive for the next batch; all of its replies must have been read. Phases: timer. */
export function leave(redis: Redis, client: RedisClient): void {
    // An idle connection would delay a worker that exits.
    if (ngx.worker.exiting()) client.close();
    else client.set_keepalive(redis.keepalive_ms, 1);
}
