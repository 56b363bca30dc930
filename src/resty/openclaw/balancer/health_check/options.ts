/** The options of a health check, as docs/balancer.md lists them. */
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import type { Problems } from "../../config/problems";
import * as problem from "../../config/problems";
import type { Values } from "../../config/schema";
import * as schemas from "../../config/schema";
import { computed, option, optional } from "../../config/schema";
import * as texts from "../../core/text/text";
import * as http_client from "../../http_client";
import type { BusyStatuses } from "../busy_statuses";
import type { Listed, TlsSettings } from "./tls";
import * as tls from "./tls";

export interface Settings extends TlsSettings {
    readonly type: "http" | "tcp";
    /** Path and query of the request. */
    readonly uri: string;
    /** From the start of one check of a node to the start of the next. */
    readonly interval_seconds: number;
    /** The share of the interval by which each wait may be shorter or longer. */
    readonly jitter: number;
    /** The timeout of a whole check. */
    readonly timeout_seconds: number;
    /** Failures in a row that take a node down, and passes in a row that bring it back. */
    readonly fails: number;
    readonly passes: number;
    /** The status codes that pass. */
    readonly expected: LuaSet<number>;
    /** The status codes by which a node says that it is overloaded. */
    readonly busy_statuses: BusyStatuses;
    /** A string that must be in the response body. */
    readonly body: string | undefined;
    /** The port of the check, if it is not the node's own. */
    readonly port: number | undefined;
    readonly headers: Record<string, string>;
}

const HTTP_OPTIONS = ["uri", "status", "body", "host", "ssl", "ssl_verify", "ssl_server_name"];
const LOWEST_STATUS = 100;
const HIGHEST_STATUS = 599;

/** Adds the statuses of "200-299" or "401" to the expected ones. False if the text is neither. */
function add_range(expected: LuaSet<number>, range: string): boolean {
    let [first, last] = string.match(range, "^%s*(%d+)%s*$");
    if (first === undefined) [first, last] = string.match(range, "^%s*(%d+)%s*-%s*(%d+)%s*$");
    if (first === undefined) return false;
    const from = tonumber(first)!;
    const to = tonumber(last ?? first)!;
    if (from < LOWEST_STATUS || from > to || to > HIGHEST_STATUS) return false;
    for (const status of $range(from, to)) expected.add(status);
    return true;
}

/** Adds the statuses of an entry: a number, or a string of statuses and ranges separated by commas. */
function add_statuses(expected: LuaSet<number>, entry: unknown): boolean {
    if (typeof entry === "number") return add_range(expected, tostring(entry));
    if (typeof entry !== "string") return false;
    for (const range of texts.split(entry, ",")) {
        if (!add_range(expected, range)) return false;
    }
    return true;
}

const STATUSES = kinds.of<string | number>("string", 'statuses from 100 to 599, as in "200-299,401"', (given) =>
    add_statuses(new LuaSet(), given),
);
const STATUS_LIST = kinds.list_of(STATUSES);

/** Statuses as a string, a number, or a list of these, unchanged. */
const STATUS: Kind<string | number | (string | number)[]> = {
    name: "string, number or list",
    read: (given, path, problems) =>
        type(given) === "table" ? STATUS_LIST.read(given, path, problems) : STATUSES.read(given, path, problems),
};

function is_uri(given: unknown): boolean {
    if (typeof given !== "string" || given === "") return false;
    const [target] = http_client.parse_url(`http://node${given}`);
    return target?.path === given;
}

const URI = kinds.of<string>("string", 'a path that begins with "/", without blanks', is_uri);
const HOST = kinds.of<string>(
    "string",
    "a non-empty string without control characters",
    (given) => typeof given === "string" && given !== "" && http_client.header_fault("Host", given) === undefined,
);

export const SCHEMA = {
    type: option(kinds.one_of("http", "tcp"), "http", "`tcp`: a node that accepts a connection passes"),
    uri: option(URI, "/", "path and query of the GET request"),
    interval: option(kinds.positive, 10, "seconds from the start of one check of a node to the start of the next"),
    jitter: option(kinds.share, 0.1, "the share of the interval by which each wait is shorter or longer, at random"),
    timeout: option(kinds.positive, 2, "timeout of a check in seconds; may exceed the interval"),
    fails: option(kinds.whole(1), 3, "failures in a row that take a node down"),
    passes: option(kinds.whole(1), 2, "passes in a row that bring it back"),
    status: option(STATUS, "200-399", 'the statuses that pass: `200`, `"200-299,401"`, `{ 200, "300-399" }`'),
    body: optional(kinds.text, "string that must be in the first 64 KiB of the response body"),
    port: computed(kinds.whole(1, 65535), "the node's", "port of the check; not for unix sockets"),
    host: computed(HOST, "the node's name or address", "the `Host` header; `localhost` for a unix socket"),
    ssl: computed(kinds.flag, "true if the port is 443", "whether checks use TLS"),
    ssl_verify: option(
        kinds.flag,
        true,
        "whether the certificate must be trusted (by `lua_ssl_trusted_certificate`) and match the name",
    ),
    ssl_server_name: computed(
        tls.SERVER_NAME,
        "the node's [name](#the-name-of-nodes)",
        "the name for SNI and for the certificate of all nodes",
    ),
};

export type Options = Values<typeof SCHEMA>;

/** Adds to the problems the options that would have no effect. */
function add_useless(given: Readonly<Record<string, unknown>>, path: string, problems: Problems): void {
    tls.add_useless(given, path, problems);
    if (given.type !== "tcp") return;
    for (const name of HTTP_OPTIONS) {
        const value = given[name];
        if (value !== undefined) problem.add(problems, `${path}.${name}`, 'nothing where type is "tcp"', value);
    }
}

/** The option `health_check` of an upstream. */
export const HEALTH_CHECK: Kind<Options> = {
    name: "table",
    read: (given, path, problems) => {
        const options = schemas.read(SCHEMA, given, path, problems);
        if (options !== undefined) add_useless(given as Record<string, unknown>, path, problems);
        return options!;
    },
};

/** Adds a problem if a node's certificate cannot be verified; `path`: that of the health check. Phases: init. */
export function check_names(options: Options, nodes: readonly Listed[], path: string, problems: Problems): void {
    if (options.type === "http") tls.check_names(options, options.port, nodes, path, problems);
}

function expected_of(status: Options["status"]): LuaSet<number> {
    const expected = new LuaSet<number>();
    const entries = (type(status) === "table" ? status : [status]) as (string | number)[];
    for (const entry of entries) add_statuses(expected, entry);
    return expected;
}

/** The settings that the options describe. Phases: init. */
export function settings_of(options: Options, busy_statuses: BusyStatuses): Settings {
    const { host } = options;
    return {
        type: options.type,
        uri: options.uri,
        interval_seconds: options.interval,
        jitter: options.jitter,
        timeout_seconds: options.timeout,
        fails: options.fails,
        passes: options.passes,
        expected: expected_of(options.status),
        busy_statuses,
        body: options.body,
        port: options.port,
        headers: host === undefined ? {} : { Host: host },
        ssl: options.ssl,
        ssl_verify: options.ssl_verify,
        ssl_server_name: options.ssl_server_name,
    };
}
