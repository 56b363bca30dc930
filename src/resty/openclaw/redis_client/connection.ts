/** Connections to Redis or Valkey by lua-resty-redis: finds the library, connects and authenticates. */
import type { RedisClient, RedisLibrary } from "resty.redis";
import * as problem from "../config/problems";
import type { Endpoint, Tls } from "../http_client/endpoint";
import * as endpoints from "../http_client/endpoint";
import * as http_target from "../http_client/target";
import type { Redirection } from "./errors";
import type { Options } from "./options";
import type { PasswordFile } from "./password_file";
import * as password_files from "./password_file";

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
    readonly password_file: PasswordFile | undefined;
    readonly database: number;
    readonly connect_ms: number;
    readonly timeout_ms: number;
    readonly keepalive_ms: number;
    /** How many idle connections each worker keeps to each server. */
    readonly pool_size: number;
    /** The names of the servers' pools with the password at hand. */
    pools: string[];
    pools_password: string | undefined;
}

/** OpenResty has the library under the first name, Debian's package under the second. */
const LIBRARIES = ["resty.redis", "nginx.redis"];

function find_library(path: string, user: string): RedisLibrary {
    for (const name of LIBRARIES) {
        const [found, library] = pcall(require, name);
        if (found) return library as unknown as RedisLibrary;
    }
    return error(
        `${problem.beginning(path)} ${user} needs lua-resty-redis, which Debian has in the package lua-nginx-redis`,
        0,
    );
}

/** The servers of `hosts`, or the one of `host`, `port` or `path`. */
function servers_of(options: Options, path: string): Server[] {
    const servers: Server[] = [];
    for (const endpoint of options.hosts ?? [endpoints.of(options)]) {
        servers.push({ endpoint, tls: options.ssl ? endpoints.tls(options, endpoint, path) : undefined });
    }
    return servers;
}

/**
 * The servers and how to authenticate. `user`: what needs them, for the error where the library is missing. `pool_size`: how many idle
 * connections each worker keeps to each server. `socket_seconds`: how long a connection may be silent, where questions have limits of their
 * own. Phases: init. Raises when options contradict each other, or the library or password file is missing.
 */
function create(options: Options, path: string, user: string, pool_size: number, socket_seconds?: number): Redis {
    const library = find_library(path, user);
    const servers = servers_of(options, path);
    const { username, password, password_file } = options;
    return {
        library,
        servers,
        current: 0,
        username,
        password,
        password_file: password_file === undefined ? undefined : password_files.new(path, password_file),
        database: options.database,
        connect_ms: options.connect_seconds * 1000,
        timeout_ms: (socket_seconds ?? options.timeout_seconds) * 1000,
        keepalive_ms: options.keepalive_seconds * 1000,
        pool_size,
        pools: [],
        pools_password: undefined,
    };
}
export { create as new };

/** Only connections with the same credentials are shared. The name has no secret in it, only its digest. */
function pool_name(redis: Redis, server: Server, password: string | undefined): string {
    const secret = ngx.md5(`${redis.username ?? ""}\n${password ?? ""}`);
    const tls =
        server.tls === undefined ? "" : `${tostring(server.tls.ssl_verify)} ${server.tls.ssl_server_name ?? ""}`;
    const { host, port } = server.endpoint;
    // The size of a pool is that of its first use, so those who want another size need another pool.
    const { database, pool_size } = redis;
    return string.format("openclaw redis %s %d %d %s %s %d", host, port, database, tls, secret, pool_size);
}

function pool_of(redis: Redis, index: number, password: string | undefined): string {
    if (redis.pools.length === 0 || redis.pools_password !== password) {
        redis.pools = [];
        for (const server of redis.servers) redis.pools.push(pool_name(redis, server, password));
        redis.pools_password = password;
    }
    return redis.pools[index]!;
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

/** Whether a client has an open connection that was kept, which the server may have closed meanwhile. Phases: those that may yield. */
export function is_kept(client: RedisClient): boolean {
    const [times] = client.get_reused_times();
    return times !== undefined && times > 0;
}

/** A connected and authenticated client. On failure nil and why. Phases: those that may yield. */
export function open(redis: Redis, index: number): Result<RedisClient> {
    let password = redis.password;
    if (redis.password_file !== undefined) {
        const [found, file_err] = password_files.read(redis.password_file);
        if (found === undefined) return $multi(undefined, file_err);
        password = found;
    }
    const [client, err] = redis.library.new(redis.library);
    if (client === undefined) return $multi(undefined, err);
    const server = redis.servers[index]!;
    const { host, port } = server.endpoint;
    const pool = pool_of(redis, index, password);
    client._sock.settimeouts(redis.connect_ms, redis.timeout_ms, redis.timeout_ms);
    const [connected, connect_err] = http_target.is_unix_socket(host)
        ? client.connect(host, { pool })
        : client.connect(host, port, { pool });
    if (connected === undefined) return $multi(undefined, `cannot connect: ${http_target.with_remedy(connect_err)}`);
    if (is_kept(client)) return $multi(client);
    const [ready, ready_err] = sign_in(redis, server, client, password);
    if (ready === undefined) {
        client.close();
        return $multi(undefined, ready_err!);
    }
    return $multi(client);
}

/** Keeps a connection for its next user; all of its replies must have been read. Phases: those that may yield. */
export function leave(redis: Redis, client: RedisClient): void {
    // An idle connection would delay a worker that exits.
    if (ngx.worker.exiting()) client.close();
    else client.set_keepalive(redis.keepalive_ms, redis.pool_size);
}
