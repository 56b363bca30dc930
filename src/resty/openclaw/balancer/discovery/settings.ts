/** The option `dns` of an upstream, and the DNS library. */
import type { DnsLibrary } from "resty.dns.resolver";
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import * as problem from "../../config/problems";
import type { Values } from "../../config/schema";
import * as schemas from "../../config/schema";
import { computed, option } from "../../config/schema";
import { canonical, port_number } from "../../core/http/address";

/** An address and a port, as the library expects them. */
export type Server = [address: string, port: number];

export interface Settings {
    /** Nothing if there is no name to look up. */
    readonly library: DnsLibrary | undefined;
    readonly servers: readonly Server[];
    readonly timeout_ms: number;
    readonly attempts: number;
    readonly least_seconds: number;
    readonly most_seconds: number;
    readonly ipv6: boolean;
}

const DNS_PORT = 53;
const RESOLV_CONF = "/etc/resolv.conf";
const MOST_FILE_BYTES = 65536;
const MOST_SERVERS = 8;

/** The library's name in OpenResty, and in Debian's package. */
const LIBRARIES = ["resty.dns.resolver", "nginx.dns.resolver"];

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
 * The first eight servers in a file in the format of resolv.conf(5); none if there is no such file. Only its first 64 KiB
 * are read. Phases: init.
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

const SERVER: Kind<Server> = {
    name: "server",
    read: (given, path, problems) => {
        const one = typeof given === "string" ? server(given) : undefined;
        if (one === undefined) problem.add(problems, path, "an IP address, or one with a port", given);
        return one!;
    },
};
const SERVER_LIST = kinds.list_of(SERVER);

const SERVERS: Kind<readonly Server[]> = {
    name: "list",
    read: (given, path, problems) => {
        const servers = SERVER_LIST.read(given, path, problems);
        if (servers.length > MOST_SERVERS) {
            problem.add(problems, path, `a list of at most ${MOST_SERVERS} entries`, given);
        }
        return servers;
    },
};

export const SCHEMA = {
    servers: computed(
        SERVERS,
        `those of \`${RESOLV_CONF}\`, read when nginx starts or reloads`,
        'at most 8: `"10.0.0.2"`, `"10.0.0.2:5353"`, `"fd00::2"` or `"[fd00::2]:5353"`',
    ),
    timeout: option(kinds.positive, 2, "timeout of a query in seconds"),
    attempts: option(kinds.whole(1), 2, "maximum number of queries per look-up, each to the next server"),
    least_seconds: option(kinds.positive, 1, "minimum seconds for which a result is used, whatever its TTL"),
    most_seconds: option(kinds.positive, 3600, "maximum seconds for which a result is used; `least_seconds` or more"),
    ipv6: option(kinds.flag, true, "whether to ask for AAAA records too"),
};

export type Options = Values<typeof SCHEMA>;

/** The option `dns` of an upstream. */
export const DNS: Kind<Options> = {
    name: "table",
    read: (given, path, problems) => {
        const options = schemas.read(SCHEMA, given, path, problems);
        if (options === undefined) return undefined!;
        const { least_seconds, most_seconds } = options;
        if (most_seconds < least_seconds) {
            const expected = `at least least_seconds (${least_seconds})`;
            problem.add(problems, `${path}.most_seconds`, expected, most_seconds);
        }
        return options;
    },
};

function library_of(path: string): DnsLibrary {
    for (const name of LIBRARIES) {
        const [found, library] = pcall(require, name);
        if (found) return library as unknown as DnsLibrary;
    }
    const beginning = problem.beginning(path);
    return error(`${beginning} names of nodes need lua-resty-dns, which Debian has in the package lua-nginx-dns`, 0);
}

function servers_from_file(path: string): Server[] {
    const found = servers_of(RESOLV_CONF);
    if (found.length === 0)
        error(`${problem.child(path, "dns")}.servers must be given, as ${RESOLV_CONF} names none`, 0);
    return found;
}

/**
 * The settings. Raises if there are names, but no library or no server. Phases: init.
 * @param path that of the upstream
 * @param has_names whether there are names to look up
 */
export function settings_of(options: Options, path: string, has_names: boolean): Settings {
    return {
        library: has_names ? library_of(path) : undefined,
        servers: options.servers ?? (has_names ? servers_from_file(path) : []),
        timeout_ms: math.ceil(options.timeout * 1000),
        attempts: options.attempts,
        least_seconds: options.least_seconds,
        most_seconds: options.most_seconds,
        ipv6: options.ipv6,
    };
}
