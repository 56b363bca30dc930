/** Parses and checks nodes that are DNS names. Pure Lua. */
import { port_number } from "../../core/http/address";
import * as texts from "../../core/text/text";
export interface Name {
    /** The name to look up, in lower case. */
    readonly host: string;
    /** The port of the nodes; nothing for an SRV name, whose records have it. */
    readonly port: number | undefined;
}

/** RFC 1035, section 2.3.4: 255 bytes on the wire are 253 letters and dots. */
const MOST_HOST_LETTERS = 253;
const MOST_LABEL_LETTERS = 63;

function is_label(label: string): boolean {
    // Host names have no underscores (RFC 952), but names of services and containers do.
    const [legal] = string.find(label, "^[%w_][%w_-]*$");
    const [hyphen_last] = string.find(label, "-$");
    return legal !== undefined && hyphen_last === undefined && label.length <= MOST_LABEL_LETTERS;
}

/** Whether the text is a valid host name; it may end with a dot. Phases: any. */
export function is_host(text: string): boolean {
    const host = string.match(text, "^(.-)%.?$")[0]!;
    if (host === "" || host.length > MOST_HOST_LETTERS) return false;
    let last = "";
    for (const label of texts.split(host, ".")) {
        if (!is_label(label)) return false;
        last = label;
    }
    // The last label of a name is not a number; that of an invalid address, such as 10.0.0.256, is (RFC 3696, section 2).
    const [letter] = string.find(last, "%D");
    return letter !== undefined;
}

/**
 * Parses a name: "gpu.example.org:8000", or an SRV name like "_http._tcp.gpu.example.org", which has no port (RFC 2782). Nothing
 * for anything else, such as addresses and paths. Phases: any.
 */
export function parse(text: string): Name | undefined {
    const [service] = string.find(text, "^_[^.]+%._[^.]+%.[^.]");
    if (service !== undefined) {
        return is_host(text) ? { host: string.lower(text), port: undefined } : undefined;
    }
    const [host, digits] = string.match(text, "^([^_:][^:]*):(%d+)$");
    const port = port_number(digits ?? "");
    if (host === undefined || port === undefined || !is_host(host)) return undefined;
    return { host: string.lower(host), port };
}
