/** Reads the options of a health check. */
import * as http_client from "../../http_client";
import * as read from "../../options";
import type { Options } from "../../options";
import * as texts from "../../text";
import type { BusyStatuses } from "../busy_statuses";
import * as tls from "./tls";
import type { TlsSettings } from "./tls";

export interface Settings extends TlsSettings {
    readonly type: "http" | "tcp";
    /** Path and query to ask for. */
    readonly uri: string;
    /** From the start of one check of a node to the start of the next. */
    readonly interval_seconds: number;
    /** The share of the interval by which each wait may be shorter or longer. */
    readonly jitter: number;
    /** The end of a check, whatever the node does. */
    readonly timeout_seconds: number;
    /** Failures in a row that take a node down, and passes in a row that bring it back. */
    readonly fails: number;
    readonly passes: number;
    /** The answers that pass, by status. */
    readonly expected: LuaSet<number>;
    /** The answers by which a node says that it has no room. */
    readonly busy_statuses: BusyStatuses;
    /** What must stand in the answer's body. */
    readonly body: string | undefined;
    /** Where the check goes instead of the node's own port. */
    readonly port: number | undefined;
    readonly headers: Record<string, string>;
}

const OPTIONS = [
    "type",
    "uri",
    "interval",
    "jitter",
    "timeout",
    "fails",
    "passes",
    "status",
    "body",
    "port",
    "host",
    "ssl",
    "ssl_verify",
    "ssl_server_name",
];
const HTTP_OPTIONS = ["uri", "status", "body", "host", "ssl", "ssl_verify", "ssl_server_name"];

const DEFAULT_STATUS = "200-399";
const LOWEST_STATUS = 100;
const HIGHEST_STATUS = 599;

/** Adds the statuses of "200-299" or "401" to those that are expected; false when the text is neither. */
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

/** Adds what one entry says: a number, or a text of statuses and ranges with commas in between. */
function add_statuses(expected: LuaSet<number>, entry: unknown): boolean {
    if (typeof entry === "number") return add_range(expected, tostring(entry));
    if (typeof entry !== "string") return false;
    for (const range of texts.split(entry, ",")) {
        if (!add_range(expected, range)) return false;
    }
    return true;
}

function read_status(owner: string, options: Options): LuaSet<number> {
    const expected = new LuaSet<number>();
    const given = options.status ?? DEFAULT_STATUS;
    const entries = type(given) === "table" ? read.list(owner, options, "status") : [given];
    for (const entry of entries) {
        if (!add_statuses(expected, entry)) {
            read.refuse(owner, "status", 'statuses from 100 to 599, as in "200-299,401"', entry);
        }
    }
    return expected;
}

function read_uri(owner: string, options: Options): string {
    const uri = read.text(owner, options, "uri", "/");
    const [target] = http_client.parse_url(`http://node${uri}`);
    if (target === undefined || target.path !== uri) {
        read.refuse(owner, "uri", 'a path that begins with "/", without blanks', uri);
    }
    return uri;
}

function read_headers(owner: string, options: Options): Record<string, string> {
    if (options.host === undefined) return {};
    const host = read.text(owner, options, "host");
    if (http_client.header_fault("Host", host) !== undefined) {
        read.refuse(owner, "host", "a text without control characters", host);
    }
    return { Host: host };
}

function read_body(owner: string, options: Options): string | undefined {
    if (options.body === undefined) return undefined;
    return read.text(owner, options, "body");
}

function read_port(owner: string, options: Options): number | undefined {
    if (options.port === undefined) return undefined;
    const port = read.whole(owner, options, "port", 1);
    if (port > 65535) read.refuse(owner, "port", "a whole number from 1 to 65535", port);
    return port;
}

/** The settings that the options describe. Phases: init. Raises when an option is wrong. */
export function read_settings(owner: string, options: Options, busy_statuses: BusyStatuses): Settings {
    read.check(owner, options, OPTIONS);
    const kind = read.one_of(owner, options, "type", ["http", "tcp"], "http");
    for (const name of HTTP_OPTIONS) {
        if (kind === "tcp" && options[name] !== undefined) {
            read.refuse(owner, name, 'nothing where "type" is "tcp"', options[name]);
        }
    }
    const { ssl, ssl_verify, ssl_server_name } = tls.read_tls(owner, options);
    return {
        type: kind,
        uri: read_uri(owner, options),
        interval_seconds: read.positive(owner, options, "interval", 10),
        jitter: read.share(owner, options, "jitter", 0.1),
        timeout_seconds: read.positive(owner, options, "timeout", 2),
        fails: read.whole(owner, options, "fails", 1, 3),
        passes: read.whole(owner, options, "passes", 1, 2),
        expected: read_status(owner, options),
        busy_statuses,
        body: read_body(owner, options),
        port: read_port(owner, options),
        headers: read_headers(owner, options),
        ssl,
        ssl_verify,
        ssl_server_name,
    };
}
