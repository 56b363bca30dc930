/** What the path of a request names: upstreams, nodes, waiting rooms. */
export type Kind = "upstreams" | "upstream" | "node" | "changes" | "queue" | "queue_changes";

export interface Target {
    readonly kind: Kind;
    /** The upstream's name; "" for all of them. */
    readonly upstream: string;
    /** The node's address as it was written; "" where there is none. */
    readonly node: string;
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

/** What the segments of a path name; nothing for an unknown path. Phases: any. */
export function read(parts: readonly string[]): Target | undefined {
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
