/** The addresses of a name, sorted, each once; and their text in the shared dict. */
import { host_and_port } from "../../core/http/address";
import * as texts from "../../core/text/text";

/** One address of a name. */
export interface Entry {
    /** As `$upstream_addr` shows it: "10.0.0.1:8000" or "[fd00::1]:8000". */
    readonly address: string;
    /** As nginx needs it, in brackets for IPv6. */
    readonly host: string;
    readonly port: number;
    /** From an SRV record; else 1. */
    readonly weight: number;
    /** The host that has this address, in lower case. */
    readonly target: string;
}

/** Maximum number of addresses of a name. */
export const MOST_ENTRIES = 256;

function comes_first(left: Entry, right: Entry): boolean {
    if (left.address !== right.address) return left.address < right.address;
    if (left.weight !== right.weight) return left.weight > right.weight;
    return left.target < right.target;
}

/**
 * The entries sorted by their addresses, each address once, with the larger of two weights. Sorts the given list in place. Phases:
 * any.
 */
export function tidy(entries: Entry[]): Entry[] {
    table.sort(entries, comes_first);
    const tidied: Entry[] = [];
    for (const entry of entries) {
        if (tidied[tidied.length - 1]?.address !== entry.address) tidied.push(entry);
    }
    return tidied;
}

/** The list as text, one line for each entry. Phases: any. */
export function to_text(entries: readonly Entry[]): string {
    const lines: string[] = [];
    for (const entry of entries) lines.push(`${entry.address} ${entry.weight} ${entry.target}\n`);
    return table.concat(lines);
}

/** Parses the text of `to_text`. Ignores invalid lines. Phases: any. */
export function from_text(text: string): Entry[] {
    const entries: Entry[] = [];
    for (const line of texts.split(text, "\n")) {
        const [address, weight, target] = string.match(line, "^(%S+) (%d+) (%S+)$");
        const [host, port] = host_and_port(address ?? "");
        if (host !== undefined && port > 0) {
            entries.push({ address: address!, host, port, weight: tonumber(weight)!, target: target! });
        }
    }
    return entries;
}
