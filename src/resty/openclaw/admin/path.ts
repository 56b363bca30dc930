/** Parses the path of a request to the API. */
export type Kind = "upstreams" | "upstream" | "node" | "changes" | "queue" | "queue_changes";

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

function node_target(upstream: string, parts: readonly string[]): Target | undefined {
    const node = parts[2] ?? "";
    if (parts.length === 3) return { kind: "node", upstream, node };
    return parts.length === 4 && parts[3] === "changes" ? { kind: "changes", upstream, node } : undefined;
}

function queue_target(upstream: string, parts: readonly string[]): Target | undefined {
    if (parts.length === 2) return { kind: "queue", upstream, node: "" };
    return parts.length === 3 && parts[2] === "changes" ? { kind: "queue_changes", upstream, node: "" } : undefined;
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
    const [upstream = "", part] = parts;
    if (parts.length === 0) return { kind: "upstreams", upstream, node: "" };
    if (parts.length === 1) return { kind: "upstream", upstream, node: "" };
    if (part === "nodes") return node_target(upstream, parts);
    return part === "queue" ? queue_target(upstream, parts) : undefined;
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
