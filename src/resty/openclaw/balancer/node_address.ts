/** Reads a node's address as users write it: an address, or a name for the DNS. Common mistakes get a hint. */
import type { Kind } from "../config/kinds";
import type { Problems } from "../config/problems";
import * as problem from "../config/problems";
import * as addresses from "../core/http/address";
import * as discovery from "./discovery";

export interface NodeAddress {
    /** The address in canonical form, or the name. */
    readonly text: string;
    readonly is_name: boolean;
    /** Host and port of an address. */
    readonly host: string;
    readonly port: number;
}

const EXPECTED = 'an IP address and port, "unix:/path", a name and port, or an SRV name';
/** The port in examples. */
const PORT = 8000;
const TLS_HINT = "; for TLS see docs/recipes.md";
/** Schemes that users know from `proxy_pass` and similar directives, with their default ports. */
const SCHEMES: Record<string, { port: number; hint: string } | undefined> = {
    http: { port: 80, hint: "" },
    https: { port: 443, hint: TLS_HINT },
    grpc: { port: 80, hint: "" },
    grpcs: { port: 443, hint: TLS_HINT },
};

/** Parses an address or a name. Nothing if the text is neither. */
function parse(written: string): NodeAddress | undefined {
    const [text, host, port] = addresses.parse(written);
    if (text !== undefined) return { text, is_name: false, host, port };
    return discovery.is_name(written) ? { text: written, is_name: true, host, port } : undefined;
}

/** How to write the node of a URL; nothing if that is unknown. */
function node_of(rest: string, port: number | undefined): string | undefined {
    const [socket] = string.match(rest, "^unix:/[^:]+");
    if (socket !== undefined) return socket;
    // The text before an @ may be a password.
    const [host] = string.match(string.match(rest, "^[^/?#]*")[0]!, "[^@]*$");
    if (parse(host!) !== undefined) return host;
    const with_port = `${host}:${port ?? PORT}`;
    return parse(with_port) === undefined ? undefined : with_port;
}

/** The error message for an invalid address. */
function sentence(written: string, path: string): string {
    const [scheme, rest] = string.match(written, "^(%a[%w+.-]*)://(.*)$");
    if (scheme !== undefined) {
        const known = SCHEMES[string.lower(scheme)];
        const node = node_of(rest!, known?.port);
        const example = node === undefined ? `as "10.0.1.10:${PORT}" has none` : `write ${problem.shown(node)}`;
        return `${path} must be an address without a scheme: ${example}${known?.hint ?? ""}`;
    }
    const with_port = `${addresses.canonical(written) ?? written}:${PORT}`;
    if (parse(with_port) === undefined) return problem.sentence(path, EXPECTED, written);
    return `${path} has no port: write "${with_port}", with the port of the node`;
}

function read(this: void, given: unknown, path: string, problems: Problems): NodeAddress {
    const found = typeof given === "string" ? parse(given) : undefined;
    if (found === undefined) {
        problems.push(typeof given === "string" ? sentence(given, path) : problem.sentence(path, EXPECTED, given));
    }
    return found!;
}

/** The address of a node, or its name. */
export const NODE_ADDRESS: Kind<NodeAddress> = { name: "string", read };
