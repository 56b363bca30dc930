/** The parts of an http or https URL (RFC 3986), checked before they are used with a socket. Pure Lua. */

export interface Target {
    readonly scheme: "http" | "https";
    /** A name, an IPv4 address, an IPv6 address in brackets, or "unix:/path", as cosockets expect it. */
    readonly host: string;
    readonly port: number;
    /** Path and query, beginning with "/". */
    readonly path: string;
}

/** Whether a text may be the path of a request: it begins with "/", without blanks, fragment or control characters. Phases: any. */
export function is_path(text: string): boolean {
    const [legal] = string.find(text, "^/[^%c #]*$");
    return legal !== undefined;
}

/** Whether a host is a unix socket, which has no port. Phases: any. */
export function is_unix_socket(host: string): boolean {
    const [found] = string.find(host, "^unix:/[^%c]+$");
    return found !== undefined;
}

/** Whether a host is an address, which may not be sent as SNI (RFC 6066, section 3). Phases: any. */
export function is_address(host: string): boolean {
    const [ipv4] = string.find(host, "^%d+%.%d+%.%d+%.%d+$");
    return ipv4 !== undefined || string.byte(host) === string.byte("[") || is_unix_socket(host);
}

/** Whether a text is a valid host: a name, an IPv4 address, or an IPv6 address in brackets. Phases: any. */
export function is_host(text: string): boolean {
    const [named] = string.find(text, "^[%w_][%w._-]*$");
    if (named !== undefined) return true;
    const [bracketed] = string.find(text, "^%[[%x:.]+%]$");
    return bracketed !== undefined;
}

/** Why a socket was not connected, with what to do where nginx cannot look names up. Phases: any. */
export function with_remedy(err: string | undefined): string | undefined {
    if (err === undefined) return undefined;
    const [found] = string.find(err, "no resolver defined", 1, true);
    return found === undefined ? err : `${err}; add the directive resolver to http in nginx.conf, or give an address`;
}

/** Whether a number is a valid port. Phases: any. */
export function is_port(port: number): boolean {
    return port >= 1 && port <= 65535 && port % 1 === 0;
}

/**
 * The parts of a URL. Fragments, user names and passwords are rejected; credentials belong in a header. Phases: any. On
 * failure nil and why; the message never contains the URL, which may contain secrets.
 */
export function parse(url: string): Result<Target> {
    const [scheme, authority, rest] = string.match(url, "^(https?)://([^/?#]+)(.*)$");
    if (scheme === undefined) return $multi(undefined, "no http:// or https:// before a host");
    const [user] = string.find(authority!, "@", 1, true);
    if (user !== undefined) return $multi(undefined, "a user name or password in the URL");
    let [host, port] = string.match(authority!, "^(.-):(%d+)$");
    if (host === undefined || string.byte(host) === string.byte("[")) {
        [host, port] = string.match(authority!, "^(%[.*%]):?(%d*)$");
    }
    host = host ?? authority!;
    if (!is_host(host)) return $multi(undefined, "no legal host in the URL");
    const default_port = scheme === "https" ? 443 : 80;
    const number = port === undefined || port === "" ? default_port : tonumber(port)!;
    if (!is_port(number)) return $multi(undefined, "no legal port in the URL");
    let path = rest!;
    if (string.byte(path) !== string.byte("/")) path = `/${path}`;
    if (!is_path(path)) return $multi(undefined, "a blank, a control character or a fragment in the URL's path");
    return $multi({ scheme: scheme as "http" | "https", host, port: number, path });
}
