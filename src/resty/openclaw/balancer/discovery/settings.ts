/** The option group `dns` of an upstream, and the library that asks. */
import { canonical, port_number } from "../../address";
import * as read from "../../options";
import type { DnsLibrary } from "resty.dns.resolver";

/** An address and a port, as the library wants them. */
export type Server = [address: string, port: number];

export interface Settings {
    /** Nothing where there is no name to look up. */
    readonly library: DnsLibrary | undefined;
    readonly servers: readonly Server[];
    readonly timeout_ms: number;
    readonly attempts: number;
    readonly least_seconds: number;
    readonly most_seconds: number;
    readonly ipv6: boolean;
}

const OPTIONS = ["servers", "timeout", "attempts", "least_seconds", "most_seconds", "ipv6"];

const DNS_PORT = 53;
const RESOLV_CONF = "/etc/resolv.conf";
const MOST_FILE_BYTES = 65536;
const MOST_SERVERS = 8;

/** OpenResty has the library under the first name, Debian's package under the second. */
const LIBRARIES = ["resty.dns.resolver", "nginx.dns.resolver"];

function read_library(owner: string): DnsLibrary {
    for (const name of LIBRARIES) {
        const [found, library] = pcall(require, name);
        if (found) return library as unknown as DnsLibrary;
    }
    return error(`${owner}: names of nodes need lua-resty-dns, which Debian has in the package lua-nginx-dns`, 0);
}

/** "10.0.0.2", "10.0.0.2:53", "fd00::2" or "[fd00::2]:53". */
function server(text: string): Server | undefined {
    const bare = canonical(text);
    if (bare !== undefined) return [bare, DNS_PORT];
    const [bracketed, its_port] = string.match(text, "^%[(.+)%]:(%d+)$");
    const [plain, plain_port] = string.match(text, "^([%d.]+):(%d+)$");
    const address = canonical(bracketed ?? plain ?? "");
    const port = port_number(its_port ?? plain_port ?? "");
    return address === undefined || port === undefined ? undefined : [address, port];
}

/**
 * The servers that a file as resolv.conf(5) names, eight at most; none when there is no such file. Only its first
 * 64 KiB are read. Phases: init.
 */
export function servers_of(path: string): Server[] {
    const [file] = io.open(path, "r");
    const text = file?.read(MOST_FILE_BYTES) ?? "";
    file?.close();
    const servers: Server[] = [];
    for (const [word] of string.gmatch(`\n${text}`, "\n[ \t]*nameserver[ \t]+([^%s#;]+)")) {
        const one = server(word!);
        if (one !== undefined && servers.length < MOST_SERVERS) servers.push(one);
    }
    return servers;
}

function read_servers(owner: string, options: read.Options, is_needed: boolean): Server[] {
    if (options.servers === undefined) {
        if (!is_needed) return [];
        const found = servers_of(RESOLV_CONF);
        if (found.length === 0) error(`${owner}: "servers" must be given, as ${RESOLV_CONF} names none`, 0);
        return found;
    }
    const entries = read.list(owner, options, "servers");
    if (entries.length > MOST_SERVERS) {
        read.refuse(owner, "servers", `a list of at most ${MOST_SERVERS} entries`, options.servers);
    }
    const servers: Server[] = [];
    for (const place of $range(1, entries.length)) {
        const entry = entries[place - 1];
        const one = typeof entry === "string" ? server(entry) : undefined;
        if (one === undefined) read.refuse(owner, `servers[${place}]`, "an IP address, or one with a port", entry);
        servers.push(one);
    }
    return servers;
}

/**
 * Reads the options. Raises when one is wrong, or when there are names but no library or no server to ask. Phases: init.
 * @param has_names whether there is anything to look up
 */
export function settings(owner: string, given: read.Options | undefined, has_names: boolean): Settings {
    const options = read.check(owner, given ?? {}, OPTIONS);
    const least_seconds = read.positive(owner, options, "least_seconds", 1);
    const most_seconds = read.positive(owner, options, "most_seconds", 3600);
    if (most_seconds < least_seconds) {
        read.refuse(owner, "most_seconds", `at least least_seconds, ${least_seconds}`, most_seconds);
    }
    return {
        library: has_names ? read_library(owner) : undefined,
        servers: read_servers(owner, options, has_names),
        timeout_ms: math.ceil(read.positive(owner, options, "timeout", 2) * 1000),
        attempts: read.whole(owner, options, "attempts", 1, 2),
        least_seconds,
        most_seconds,
        ipv6: read.flag(owner, options, "ipv6", true),
    };
}
