/**
 * Fetches images from addresses that clients name. A client decides where the gateway connects to, so only servers in a list are asked, by
 * https on its port unless the list says otherwise, at addresses that are public, and redirects are not followed. See docs/image.md.
 */
import * as kinds from "../config/kinds";
import * as problem_texts from "../config/problems";
import type { Values } from "../config/schema";
import { computed, option, required } from "../config/schema";
import type { Asking } from "../core/dns/question";
import * as dns_servers from "../core/dns/servers";
import * as clock from "../core/time/clock";
import type { Target } from "../http_client";
import * as http_client from "../http_client";
import { TOO_LARGE } from "../http_client/response";
import { look_up } from "./remote/look_up";
import type { Picture } from "./remote/picture";
import * as pictures from "./remote/picture";
import type { Place } from "./remote/places";
import * as places from "./remote/places";
import * as turns from "./remote/turns";

export type { Picture };
export const memory_of = pictures.memory_of;

/**
 * What went wrong. `remote_refused` (422): no such address is fetched, now or later. `remote_failed` (422): the other server has no image
 * there. `remote_too_large` (413). `remote_unavailable` (502): it does not respond as it should, perhaps later. `remote_busy` (503): too
 * many images are being fetched.
 */
export type Code = "remote_refused" | "remote_failed" | "remote_too_large" | "remote_unavailable" | "remote_busy";

export interface Problem {
    readonly code: Code;
    /** For the client. Says nothing about networks. */
    readonly message: string;
    /** For the log. */
    readonly detail?: string | undefined;
}

/** What `fetch` returns. */
export type Fetched = LuaMultiReturn<[picture: Picture] | [picture: undefined, problem: Problem]>;

export interface Remote {
    readonly hosts: readonly Place[];
    readonly max_bytes: number;
    readonly timeout: number;
    readonly asking: Asking;
}

/** A longer address is refused. */
const MOST_ADDRESS_BYTES = 2048;
/** So many addresses of a server are tried, as long as there is time. */
const MOST_ADDRESSES = 3;
const QUERIES = 2;
/** A look-up may take the time of so many queries. */
const QUERIES_OF_LOOK_UP = QUERIES + 2;
const TOO_MANY_REQUESTS = 429;
const FIRST_SERVER_ERROR = 500;
const OK = 200;

const REFUSED = "This service does not fetch images from that address.";
const BUSY = "Too many images are being fetched; try again later.";
const UNAVAILABLE = "The server with the image does not respond as it should; try again later.";

export const SCHEMA = {
    hosts: required(
        kinds.list_of(places.PLACE),
        'servers: `"cdn.example.com"`, `"*.example.org"`, `"cdn.example.com:8443"`; by https, unless an entry begins with `http://`',
    ),
    max_bytes: option(kinds.whole(1, 1073741824), 20971520, "maximum length of an image"),
    timeout: option(kinds.positive, 5, "seconds in which an image must have come"),
    dns_servers: computed(
        dns_servers.SERVERS,
        `those of \`${dns_servers.RESOLV_CONF}\`, read when nginx starts or reloads`,
        'who is asked for the addresses of hosts, at most 8: `"10.0.0.2"` or `"10.0.0.2:5353"`',
    ),
};

export type Options = Values<typeof SCHEMA>;

/** Whether any of the entries is a name. */
function has_names(hosts: readonly Place[]): boolean {
    for (const { is_address } of hosts) if (!is_address) return true;
    return false;
}

/** Raises without a library or a server for names; `path`: that of the options. Phases: init. */
function create(options: Options, path: string): Remote {
    const { hosts, max_bytes, timeout } = options;
    const is_asked = has_names(hosts);
    const library = is_asked ? dns_servers.library_of(path, "hosts of images") : undefined;
    const servers =
        options.dns_servers ?? (is_asked ? dns_servers.from_file(problem_texts.child(path, "dns_servers")) : []);
    const timeout_ms = math.max(1, math.floor((timeout * 1000) / QUERIES_OF_LOOK_UP));
    return { hosts, max_bytes, timeout, asking: { library, servers, timeout_ms, attempts: QUERIES } };
}
export { create as new };

function failed(code: Code, message: string, detail?: string): Fetched {
    return $multi(undefined, { code, message, detail });
}

/** Why an image did not come. */
function problem_of({ max_bytes }: Remote, { status, is_encoded }: Picture, err: string): Fetched {
    const [is_too_large] = string.find(err, TOO_LARGE, 1, true);
    if (is_too_large !== undefined) {
        return failed("remote_too_large", `An image at another server may have at most ${max_bytes} bytes.`, err);
    }
    if (is_encoded) return failed("remote_failed", "The server with the image responds with a Content-Encoding.", err);
    // With 200 it has broken off, or the time was over.
    if (status === 0 || status === OK || status >= FIRST_SERVER_ERROR || status === TOO_MANY_REQUESTS) {
        return failed("remote_unavailable", UNAVAILABLE, err);
    }
    return failed("remote_failed", `The server with the image responds with status ${status}.`, err);
}

/** The Host header; the port is that of the scheme unless the list says otherwise. */
function host_header({ scheme, host, port }: Target): string {
    return port === (scheme === "https" ? 443 : 80) ? host : `${host}:${port}`;
}

/** One try, at one address. */
function try_at(remote: Remote, target: Target, address: string, picture: Picture, ends: MonotonicTime): Result<1> {
    const seconds = ends - clock.now();
    if (seconds <= 0) return $multi(undefined, "timeout");
    const [response, err] = http_client.request({
        scheme: target.scheme,
        host: address,
        port: target.port,
        path: target.path,
        headers: { Host: host_header(target), Accept: "image/*", "Accept-Encoding": "identity" },
        ssl_server_name: target.host,
        connect_seconds: seconds,
        send_seconds: seconds,
        read_seconds: seconds,
        total_seconds: seconds,
        max_bytes: remote.max_bytes,
        receiver: pictures.receiver(picture, remote.max_bytes),
    });
    if (response === undefined) return $multi(undefined, err);
    return $multi(1);
}

/** Tries one address after another, until a connection is made. */
function fetch_from(remote: Remote, target: Target, addresses: readonly string[], ends: MonotonicTime): Fetched {
    const picture = pictures.new();
    let reason = "timeout";
    for (const [place, address] of ipairs(addresses as string[])) {
        if (place > MOST_ADDRESSES) break;
        const [done, err] = try_at(remote, target, address, picture, ends);
        if (done !== undefined) {
            if (picture.bytes > 0) return $multi(picture);
            return failed("remote_failed", "The server with the image responds without a body.");
        }
        reason = err;
        const [not_connected] = string.find(err, "^cannot connect");
        if (not_connected === undefined) break;
    }
    return problem_of(remote, picture, `${target.host}: ${reason}`);
}

function fetch_in_turn(remote: Remote, target: Target, place: Place, ends: MonotonicTime): Fetched {
    if (place.is_address) return fetch_from(remote, target, [place.host], ends);
    const [addresses, err, is_private] = look_up(remote.asking, string.lower(target.host));
    if (addresses !== undefined) return fetch_from(remote, target, addresses, ends);
    if (is_private) return failed("remote_refused", REFUSED, err);
    return failed("remote_unavailable", UNAVAILABLE, err);
}

/**
 * Fetches the image at an address, in at most `timeout` seconds. Yields. Phases: access, timer. Never raises. The problem is the client's to
 * see, but its `detail`.
 */
export function fetch(remote: Remote, address: string): Fetched {
    if (address.length > MOST_ADDRESS_BYTES) return failed("remote_refused", REFUSED, "the address is too long");
    const [target, err] = http_client.parse_url(address);
    if (target === undefined) return failed("remote_refused", REFUSED, err);
    const place = places.find(remote.hosts, target);
    if (place === undefined) return failed("remote_refused", REFUSED, "the server is not in the list");
    const ends = later(clock.now(), remote.timeout);
    const turn = turns.begin(ends);
    if (turn === undefined) return failed("remote_busy", BUSY);
    const [picture, problem] = fetch_in_turn(remote, target, place, ends);
    turns.finish(turn);
    if (picture === undefined) return $multi(undefined, problem!);
    return $multi(picture);
}
