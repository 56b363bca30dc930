/** A connection to Redis or Valkey by the platform's own client: found, opened, and signed in. */
import * as files from "../../files";
import * as http_target from "../../http_client/target";
import * as read from "../../options";
import type { Options } from "../../options";
import * as secret_file from "../../secret_file";
import * as endpoints from "./endpoint";
import type { Endpoint, Tls } from "./endpoint";
import type { Redirection } from "./redis_error";
import type { RedisClient, RedisLibrary } from "resty.redis";

/** A host, and how it shows who it is. */
export interface Place {
    readonly endpoint: Endpoint;
    readonly tls: Tls | undefined;
}

export interface Redis {
    readonly library: RedisLibrary;
    readonly places: Place[];
    /** Which of them is asked first. */
    at: number;
    readonly username: string | undefined;
    readonly password: string | undefined;
    readonly password_file: string | undefined;
    readonly database: number;
    readonly connect_ms: number;
    readonly timeout_ms: number;
    readonly keepalive_ms: number;
}

/** The options that `create` reads. */
export const OPTIONS = [
    "host",
    "port",
    "path",
    "hosts",
    "username",
    "password",
    "password_file",
    "database",
    "ssl",
    "ssl_verify",
    "ssl_server_name",
    "connect_seconds",
    "timeout_seconds",
    "keepalive_seconds",
];

/** OpenResty has the library under the first name, Debian's package under the second. */
const LIBRARIES = ["resty.redis", "nginx.redis"];
const PORT = 6379;
const MOST_PASSWORD_BYTES = 4096;

function find_library(owner: string): RedisLibrary {
    for (const name of LIBRARIES) {
        const [found, library] = pcall(require, name);
        if (found) return library as unknown as RedisLibrary;
    }
    return error(`${owner}: redis_stream needs lua-resty-redis, which Debian has in the package lua-nginx-redis`, 0);
}

/** The first line of a file. Nil and why, which never shows what stands there. */
function read_password(path: string): Result<string> {
    const [text, err] = files.beginning(path, MOST_PASSWORD_BYTES);
    if (text === undefined) return $multi(undefined, `cannot read the password file: ${err}`);
    const [password] = string.match(text, "^[^\r\n]+");
    if (password === undefined) return $multi(undefined, "the password file is empty");
    return $multi(password);
}

function password_of(owner: string, options: Options): string | undefined {
    const password = options.password;
    if (password === undefined) return undefined;
    // The sentence of every other option shows what was given.
    if (typeof password !== "string" || password === "") error(`${owner}: "password" must be a text`, 0);
    if (options.password_file !== undefined) error(`${owner}: either "password" or "password_file", not both`, 0);
    return password;
}

/** The file that holds the password, or none. It is read here for its checks alone: it may change until it is needed. */
function password_file_of(owner: string, options: Options): string | undefined {
    const path = options.password_file;
    if (path === undefined) return undefined;
    const found = secret_file.read(`${owner}: "password_file"`, path as string, MOST_PASSWORD_BYTES);
    if (found === "") error(`${owner}: "password_file" ${path as string} is empty`, 0);
    return path as string;
}

function place_of(owner: string, options: Options, endpoint: Endpoint): Place {
    return {
        endpoint,
        tls: read.flag(owner, options, "ssl", false) ? endpoints.tls(owner, options, endpoint) : undefined,
    };
}

/** The hosts there are: those of `hosts`, or the only one. */
function places_of(owner: string, options: Options): Place[] {
    if (options.hosts === undefined) {
        return [place_of(owner, options, endpoints.anywhere(owner, options, "127.0.0.1", PORT))];
    }
    if (options.host !== undefined || options.port !== undefined || options.path !== undefined) {
        error(`${owner}: "hosts" names all of them, so there is no "host", "port" or "path" beside it`, 0);
    }
    const places: Place[] = [];
    for (const entry of read.list(owner, options, "hosts")) {
        const [host, digits] = string.match(typeof entry === "string" ? entry : "", "^(.+):(%d+)$");
        const port = tonumber(digits) ?? 0;
        if (host === undefined || !http_target.is_host(host) || !http_target.is_port(port)) {
            read.refuse(owner, "hosts", 'a list of hosts with ports, as in { "10.0.0.1:6379" }', entry);
        }
        places.push(place_of(owner, options, { host: string.lower(host), port }));
    }
    return places;
}

/** Where Redis is and how to sign in there. Phases: init. Raises when an option is wrong or the library is missing. */
function create(owner: string, options: Options): Redis {
    const library = find_library(owner);
    const places = places_of(owner, options);
    const password = password_of(owner, options);
    const password_file = password_file_of(owner, options);
    let username: string | undefined;
    if (options.username !== undefined) {
        username = read.text(owner, options, "username");
        if (password === undefined && password_file === undefined) {
            error(`${owner}: "username" needs "password" or "password_file"`, 0);
        }
    }
    return {
        library,
        places,
        at: 0,
        username,
        password,
        password_file,
        database: read.whole(owner, options, "database", 0, 0),
        connect_ms: read.positive(owner, options, "connect_seconds", 1) * 1000,
        timeout_ms: read.positive(owner, options, "timeout_seconds", 5) * 1000,
        keepalive_ms: read.positive(owner, options, "keepalive_seconds", 60) * 1000,
    };
}
export { create as new };

/** Connections are only shared by those who sign in alike. The name has no secret in it, only its digest. */
function pool_of(redis: Redis, place: Place, password: string | undefined): string {
    const secret = ngx.md5(`${redis.username ?? ""}\n${password ?? ""}`);
    const tls = place.tls === undefined ? "" : `${tostring(place.tls.ssl_verify)} ${place.tls.ssl_server_name ?? ""}`;
    const { host, port } = place.endpoint;
    return string.format("openclaw redis %s %d %d %s %s", host, port, redis.database, tls, secret);
}

/** What has to be said on a new connection before anything else. */
function sign_in(redis: Redis, place: Place, client: RedisClient, password: string | undefined): Result<true> {
    if (place.tls !== undefined) {
        // Older releases of the library know no TLS, so that its socket is asked.
        const { ssl_server_name, ssl_verify } = place.tls;
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

/** Which of the hosts a redirection names, as an index; nothing where it is none of those given. Phases: any. */
export function index_of(redis: Redis, from: number, redirection: Redirection): number | undefined {
    const host = redirection.host === "" ? redis.places[from]!.endpoint.host : string.lower(redirection.host);
    for (const [number, place] of ipairs(redis.places)) {
        if (place.endpoint.host === host && place.endpoint.port === redirection.port) return number - 1;
    }
    return undefined;
}

/** Lets the next host be asked first from now on. Phases: any. */
export function go_on(redis: Redis): void {
    redis.at = (redis.at + 1) % redis.places.length;
}

/** A client on a connection to a host, ready for commands. On failure nil and why. Phases: timer. */
export function open(redis: Redis, index: number): Result<RedisClient> {
    let password = redis.password;
    if (redis.password_file !== undefined) {
        // Read anew each time, so that it may be changed.
        const [found, file_err] = read_password(redis.password_file);
        if (found === undefined) return $multi(undefined, file_err);
        password = found;
    }
    const [client, err] = redis.library.new(redis.library);
    if (client === undefined) return $multi(undefined, err);
    const place = redis.places[index]!;
    const { host, port } = place.endpoint;
    const pool = pool_of(redis, place, password);
    client._sock.settimeouts(redis.connect_ms, redis.timeout_ms, redis.timeout_ms);
    const [connected, connect_err] = http_target.is_unix_socket(host)
        ? client.connect(host, { pool })
        : client.connect(host, port, { pool });
    if (connected === undefined) return $multi(undefined, `cannot connect: ${connect_err}`);
    const [times] = client.get_reused_times();
    if (times !== undefined && times > 0) return $multi(client);
    const [ready, ready_err] = sign_in(redis, place, client, password);
    if (ready === undefined) {
        client.close();
        return $multi(undefined, ready_err!);
    }
    return $multi(client);
}

/** Keeps a connection for the next batch; its replies must all be read. Phases: timer. */
export function leave(redis: Redis, client: RedisClient): void {
    // An idle connection would hold up a worker that exits.
    if (ngx.worker.exiting()) client.close();
    else client.set_keepalive(redis.keepalive_ms, 1);
}
