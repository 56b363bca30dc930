/** The nodes of one upstream, in the order in which the user wrote them, with their static weights. */
import * as ffi from "ffi";
import type { Registry } from "../metric_registry";
import * as read from "../options";
import * as nodes from "./node";
import type { Node } from "./node";

ffi.cdef(`
int inet_pton(int family, const char *text, void *address);
const char *inet_ntop(int family, const void *address, char *text, unsigned int size);
`);

export interface Peers {
    readonly size: number;
    readonly nodes: readonly Node[];
    readonly index_of: LuaTable<string, number>;
    /** What the user wrote; 1 unless told otherwise. */
    readonly weight: Doubles;
}

const NODE_OPTIONS = ["address", "weight"];

const AF_INET = 2;
const AF_INET6 = 10;

const binary = ffi.new("char[16]");
const text = ffi.new("char[64]");

/** An IP address as the system writes it, which is how `$upstream_addr` shows it; nothing when it is none. */
function canonical(family: number, address: string): string | undefined {
    if (ffi.C.inet_pton!(family, address, binary) !== 1) return undefined;
    ffi.C.inet_ntop!(family, binary, text, 64);
    return ffi.string(text);
}

/** "10.0.1.10:8000", "[::1]:8000" or "unix:/path" → host and port; nothing for all else, names too. */
function host_and_port(address: string): LuaMultiReturn<[host: string | undefined, port: number]> {
    if (string.match(address, "^unix:/.")[0] !== undefined) return $multi(address, 0);
    const [plain, plain_port] = string.match(address, "^([%d.]+):(%d+)$");
    const [bracketed, bracketed_port] = string.match(address, "^%[([%x:.]+)%]:(%d+)$");
    const port = tonumber(plain_port ?? bracketed_port) ?? 0;
    if (port < 1 || port > 65535) return $multi(undefined, 0);
    if (plain !== undefined) return $multi(canonical(AF_INET, plain), port);
    const host = bracketed === undefined ? undefined : canonical(AF_INET6, bracketed);
    return $multi(host === undefined ? undefined : `[${host}]`, port);
}

/** `{ "10.0.1.10:8000", weight = 3 }`, or just `"10.0.1.10:8000"`, as options with names. */
function named_options(owner: string, entry: unknown, place: number): Record<string, unknown> {
    if (type(entry) === "string") return { address: entry };
    if (type(entry) !== "table") read.refuse(owner, `nodes[${place}]`, "an address or a table", entry);
    const options: Record<string, unknown> = {};
    for (const [name, value] of pairs(entry as Record<string | number, unknown>)) {
        options[(name as unknown) === 1 ? "address" : name] = value;
    }
    return options;
}

/** Reads the list of nodes. Raises when one is wrong or stands there twice. Phases: init. */
function create(owner: string, registry: Registry, options: read.Options): Peers {
    const entries = read.list(owner, options, "nodes");
    const size = entries.length;
    const listed: Node[] = [];
    const index_of = new LuaTable<string, number>();
    const weight = ffi.new("double[?]", size) as unknown as Doubles;
    for (const index of $range(0, size - 1)) {
        const where = `${owner}: node ${index + 1}`;
        const given = read.check(where, named_options(owner, entries[index], index + 1), NODE_OPTIONS);
        const written = read.text(where, given, "address");
        const [host, port] = host_and_port(written);
        if (host === undefined) read.refuse(where, "address", 'an IP address and port, or "unix:/path"', written);
        const address = port === 0 ? host : `${host}:${port}`;
        if (index_of.has(address)) error(`${owner}: node ${address} stands in "nodes" twice`, 0);
        index_of.set(address, index);
        listed.push(nodes.at(registry, address, host, port));
        weight.set(index, read.positive(where, given, "weight", 1));
    }
    return { size, nodes: listed, index_of, weight };
}
export { create as new };
