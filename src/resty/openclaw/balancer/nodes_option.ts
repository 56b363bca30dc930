/** The nodes of an upstream as the user lists them. */
import * as addresses from "../address";
import * as read from "../options";
import * as discovery from "./discovery";

/** One entry of the list: an address, or a name that the DNS turns into addresses. */
export interface Entry {
    /** The address as the system writes it, or the name. */
    readonly text: string;
    readonly is_name: boolean;
    /** Of an address. */
    readonly host: string;
    readonly port: number;
    readonly weight: number;
    readonly is_draining: boolean;
}

const NODE_OPTIONS = ["address", "weight", "drain"];
const EXPECTED = 'an IP address and port, "unix:/path", a name and port, or an SRV name';
const WEIGHT_EXPECTED = "a number above 0 (to take the node out of service, set drain = true)";

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

/** Reads the list. Raises when an entry is wrong or stands there twice. Phases: init. */
export function entries(owner: string, options: read.Options): Entry[] {
    const list = read.list(owner, options, "nodes");
    const found: Entry[] = [];
    const seen = new LuaSet<string>();
    for (const place of $range(1, list.length)) {
        const where = `${owner}: node ${place}`;
        const given = read.check(where, named_options(owner, list[place - 1], place), NODE_OPTIONS);
        const written = read.text(where, given, "address");
        const [address, host, port] = addresses.parse(written);
        const is_name = address === undefined && discovery.is_name(written);
        if (address === undefined && !is_name) read.refuse(where, "address", EXPECTED, written);
        const text = address ?? written;
        if (seen.has(text)) error(`${owner}: node ${text} stands in "nodes" twice`, 0);
        seen.add(text);
        // Elsewhere 0 takes a node out.
        if (given.weight === 0) read.refuse(where, "weight", WEIGHT_EXPECTED, given.weight);
        const weight = read.positive(where, given, "weight", 1);
        found.push({ text, is_name, host, port, weight, is_draining: read.flag(where, given, "drain", false) });
    }
    return found;
}
