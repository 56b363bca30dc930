/** Parses the path of a request to the API. */
export type Kind = "upstreams" | "upstream" | "node" | "changes";

export interface Target {
    readonly kind: Kind;
    /** The upstream's name; "" for all of them. */
    readonly upstream: string;
    /** The node's address as it was written; "" where there is none. */
    readonly node: string;
}

function byte_of(this: void, digits: string): string {
    return string.char(tonumber(digits, 16)!);
}

/** RFC 3986, section 2.1; nothing if a "%" is not part of an escape. */
function decoded(segment: string): string | undefined {
    const [text, escapes] = string.gsub(segment, "%%(%x%x)", byte_of);
    const [, percents] = string.gsub(segment, "%%", "");
    return escapes === percents ? text : undefined;
}

/** The segments of a path, decoded; nothing if one is empty or cannot be decoded. */
function segments(path: string): string[] | undefined {
    const found: string[] = [];
    for (const [segment] of string.gmatch(path, "/([^/]*)")) {
        const text = decoded(segment!);
        if (text === undefined || text === "") return undefined;
        found.push(text);
    }
    return found;
}

/**
 * Parses the path as the client sent it: in nginx's `$uri` the slashes of "unix:%2Frun%2Fa.sock" are unescaped and look like
 * others. Nothing for an unknown path. Phases: any.
 */
export function read(prefix: string, request_uri: string): Target | undefined {
    const [path] = string.match(request_uri, "^[^?#]*");
    if (string.sub(path!, 1, prefix.length) !== prefix) return undefined;
    const rest = string.sub(path!, prefix.length + 1);
    if (rest !== "" && string.byte(rest) !== string.byte("/")) return undefined;
    const parts = segments(rest);
    if (parts === undefined) return undefined;
    const [upstream = "", nodes, node = "", changes] = parts;
    if (nodes !== undefined && nodes !== "nodes") return undefined;
    if (changes !== undefined && changes !== "changes") return undefined;
    if (parts.length === 0) return { kind: "upstreams", upstream, node };
    if (parts.length === 1) return { kind: "upstream", upstream, node };
    if (parts.length === 3) return { kind: "node", upstream, node };
    if (parts.length === 4) return { kind: "changes", upstream, node };
    return undefined;
}

/** The longest path of a socket: Linux's sockaddr_un, less the zero at its end. */
const SOCKET_BYTES = 107;

/**
 * Whether a node may be added at an address. The path of a socket must be one that can be opened, and that logs, metrics and
 * `$upstream_addr`, a list with commas, can contain.
 */
export function may_be_added(address: string): boolean {
    const [socket] = string.match(address, "^unix:(.*)$");
    if (socket === undefined) return true;
    const [odd] = string.find(socket, "[^!-~]");
    const [comma] = string.find(socket, ",", 1, true);
    return odd === undefined && comma === undefined && socket.length <= SOCKET_BYTES;
}
