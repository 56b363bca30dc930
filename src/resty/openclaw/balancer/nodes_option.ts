/** The nodes of an upstream as the user lists them. */
import type { Kind } from "../config/kinds";
import * as kinds from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import * as schemas from "../config/schema";
import { again, option, required } from "../config/schema";
import type { NodeAddress } from "./node_address";
import { NODE_ADDRESS } from "./node_address";

/** One entry of the list: an address, or a name that the DNS turns into addresses. */
export interface Entry extends NodeAddress {
    readonly weight: number;
    readonly is_draining: boolean;
}

const WEIGHT_EXPECTED = "a number above 0 (to take the node out of service, set drain = true)";

const WEIGHT: Kind<number> = {
    name: kinds.positive.name,
    read: (given, path, problems) => {
        // In other software 0 takes a node out of service.
        if (given !== 0) return kinds.positive.read(given, path, problems);
        problem.add(problems, path, WEIGHT_EXPECTED, given);
        return 1;
    },
};

/** The options beside a node's address. */
export const SCHEMA = {
    weight: option(
        WEIGHT,
        1,
        "for the other policies the node's share of the requests; for `xed` only a first guess at its speed, so [canaries](recipes.md#canary) need `round_robin`",
    ),
    drain: option(kinds.flag, false, "the node gets no new requests; use this instead of weight 0, which is rejected"),
};

const NAMED_SCHEMA = {
    address: required(NODE_ADDRESS, "the address or name, if it is not the first entry of the table"),
    weight: again(SCHEMA.weight),
    drain: again(SCHEMA.drain),
};

function entry(address: NodeAddress, weight: number, is_draining: boolean): Entry {
    const { text, is_name, host, port } = address;
    return { text, is_name, host, port, weight, is_draining };
}

/** `{ "10.0.1.10:8000", weight = 3 }`, or the same with `address = "10.0.1.10:8000"`. */
function read_table(given: LuaTable<AnyNotNil, unknown>, path: string, problems: Problems): Entry | undefined {
    if (!given.has(1)) {
        const named = schemas.read(NAMED_SCHEMA, given, path, problems);
        return named === undefined ? undefined : entry(named.address, named.weight, named.drain);
    }
    const known = problems.length;
    const address = NODE_ADDRESS.read(given.get(1), path, problems);
    const others = new LuaTable<AnyNotNil, unknown>();
    for (const [name, value] of given) {
        if (name !== 1) others.set(name, value);
    }
    const values = schemas.read(SCHEMA, others, path, problems);
    return problems.length > known ? undefined : entry(address, values!.weight, values!.drain);
}

function read_node(this: void, given: unknown, path: string, problems: Problems): Entry {
    if (type(given) === "table") return read_table(given as LuaTable<AnyNotNil, unknown>, path, problems)!;
    if (typeof given !== "string") {
        problem.add(problems, path, "an address or a table", given);
        return undefined!;
    }
    const known = problems.length;
    const address = NODE_ADDRESS.read(given, path, problems);
    return problems.length > known ? undefined! : entry(address, 1, false);
}

const LIST = kinds.list_of<Entry>({ name: "node", read: read_node });

/** The option `nodes`: a list of nodes without duplicates. */
export const NODES: Kind<readonly Entry[]> = {
    name: "list",
    read: (given, path, problems) => {
        const known = problems.length;
        const entries = LIST.read(given, path, problems);
        if (problems.length > known) return entries;
        const seen = new LuaSet<string>();
        for (const { text } of entries) {
            if (seen.has(text)) problems.push(`${path} has ${text} twice`);
            seen.add(text);
        }
        return entries;
    },
};
