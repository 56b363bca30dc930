/** Fetches a JWKS from its URL: one request, with limits for all sizes and times. */
import * as texts from "../../../core/text/text";
import type { Target } from "../../../http_client";
import * as http_client from "../../../http_client";
import * as key_set from "../key_set";

/** Where a JWKS is. */
export interface Place {
    readonly target: Target;
    /** The name for SNI and in the certificate; the host unless given. */
    readonly server_name: string | undefined;
    /** The URL without its query, for messages. */
    readonly name: string;
}

export interface Answer {
    readonly text: string;
    /** How long it may be used, by its `Cache-Control`; nothing where it does not say. */
    readonly seconds: number | undefined;
}

/** Each of connecting, sending and waiting for more. */
const STEP_SECONDS = 2;
/** The whole request, without the look-up of the name. */
export const MOST_SECONDS = 5;

/** Whether a host is this machine. */
function is_loopback(host: string): boolean {
    const [ipv4] = string.find(host, "^127%.%d+%.%d+%.%d+$");
    return ipv4 !== undefined || host === "localhost" || host === "[::1]";
}

/** Whether a host is an address: nginx verifies names in certificates alone. */
function is_address(host: string): boolean {
    const [ipv4] = string.find(host, "^%d+%.%d+%.%d+%.%d+$");
    return ipv4 !== undefined || string.byte(host) === string.byte("[");
}

/**
 * The place that a URL names. Raises when it is no https URL with a host name, or http URL of this machine. The message begins with
 * the option's path and shows nothing of the URL, which may have a password. Phases: init.
 */
export function place_of(option: string, url: string, server_name?: string): Place {
    const [target, err] = http_client.parse_url(url);
    if (target === undefined) error(`${option} must be an https URL: ${err}`, 0);
    const { scheme, host, port, path } = target;
    if (scheme === "http" && !is_loopback(host)) {
        error(`${option} must be an https URL; http is for 127.0.0.1, localhost and [::1] only`, 0);
    }
    if (scheme === "https" && is_address(host) && server_name === undefined) {
        error(`${option} must have a host name, as certificates are verified by name, got an address`, 0);
    }
    const [without_query] = string.gsub(path, "%?.*$", "");
    return { target, server_name, name: `${scheme}://${host}:${port}${without_query}` };
}

/** What a directive like `max-age=300` says; nothing for all others. Source: RFC 9111, section 5.2. */
function max_age(directive: string): number | undefined {
    const [digits] = string.match(string.lower(texts.trim(directive)), '^max%-age="?(%d+)"?$');
    return tonumber(digits);
}

/**
 * How long an answer may be used by its `Cache-Control`, less the time that it was in caches already; nothing where it does not say.
 * Source: RFC 9111, sections 4.2 and 5.2.2. Phases: any.
 */
export function seconds_of(headers: Record<string, string | undefined>): number | undefined {
    const control = headers["cache-control"];
    if (control === undefined) return undefined;
    let found: number | undefined;
    for (const directive of texts.split(control, ",")) {
        const word = string.lower(texts.trim(directive));
        if (word === "no-store" || word === "no-cache") return 0;
        // The least, where there are several.
        const seconds = max_age(directive);
        if (seconds !== undefined) found = math.min(found ?? seconds, seconds);
    }
    if (found === undefined) return undefined;
    const [age] = string.match(headers.age ?? "", "^%d+$");
    return math.max(0, found - (tonumber(age) ?? 0));
}

/** What to do about an error of TLS. */
function remedy(err: string): string {
    const [found] = string.find(err, "unable to get local issuer certificate", 1, true);
    return found === undefined ? "" : "; lua_ssl_trusted_certificate must name the file with its authority";
}

/** Fetches the text; redirects are not followed. Phases: timers. On failure nil and why, without anything of the answer. */
export function fetch(place: Place): Result<Answer> {
    const { scheme, host, port, path } = place.target;
    const [response, err] = http_client.request({
        scheme,
        host,
        port,
        path,
        headers: { Accept: "application/json" },
        connect_seconds: STEP_SECONDS,
        send_seconds: STEP_SECONDS,
        read_seconds: STEP_SECONDS,
        total_seconds: MOST_SECONDS,
        max_bytes: key_set.MOST_BYTES,
        ssl_verify: true,
        ssl_server_name: place.server_name,
    });
    if (response === undefined) return $multi(undefined, err + remedy(err));
    if (response.status !== 200) return $multi(undefined, `status ${response.status} instead of 200`);
    return $multi({ text: response.body, seconds: seconds_of(response.headers) });
}
