/** The nodes of one upstream, in the order in which the user wrote them, with their static weights. */
import * as ffi from "ffi";
import type { Registry } from "../metric_registry";
import * as read from "../options";
import * as nodes from "./node";
import type { Node } from "./node";

export interface Peers {
    readonly size: number;
    readonly nodes: readonly Node[];
    readonly index_of: LuaTable<string, number>;
    /** What the user wrote; 1 unless told otherwise. */
    readonly weight: Doubles;
}

const NODE_OPTIONS = ["address", "weight"];

/** "10.0.1.10:8000", "[::1]:8000" or "unix:/path" → host and port; nothing for all else, names too. */
function host_and_port(address: string): LuaMultiReturn<[host: string | undefined, port: number]> {
    if (string.match(address, "^unix:/.")[0] !== undefined) return $multi(address, 0);
    let [host, port] = string.match(address, "^(%d+%.%d+%.%d+%.%d+):(%d+)$");
    if (host === undefined) [host, port] = string.match(address, "^(%[[%x:.]+%]):(%d+)$");
    const number = tonumber(port) ?? 0;
    return $multi(number >= 1 && number <= 65535 ? host : undefined, number);
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
        const address = read.text(where, given, "address");
        const [host, port] = host_and_port(address);
        if (host === undefined) read.refuse(where, "address", 'an IP address and port, or "unix:/path"', address);
        if (index_of.has(address)) error(`${owner}: node ${address} stands in "nodes" twice`, 0);
        index_of.set(address, index);
        listed.push(nodes.at(registry, address, host, port));
        weight.set(index, read.positive(where, given, "weight", 1));
    }
    return { size, nodes: listed, index_of, weight };
}
export { create as new };
