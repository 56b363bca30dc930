/** The servers that are asked for the addresses of names, and the library that asks them. */
import type { DnsLibrary } from "resty.dns.resolver";
import type { Kind } from "../../config/kinds";
import * as kinds from "../../config/kinds";
import * as problem from "../../config/problems";
import { canonical, port_number } from "../http/address";

/** An address and a port, as the library expects them. */
export type Server = [address: string, port: number];

const DNS_PORT = 53;
export const RESOLV_CONF = "/etc/resolv.conf";
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

/** A list of servers. */
export const SERVERS: Kind<readonly Server[]> = {
    name: "list",
    read: (given, path, problems) => {
        const servers = SERVER_LIST.read(given, path, problems);
        if (servers.length > MOST_SERVERS) {
            problem.add(problems, path, `a list of at most ${MOST_SERVERS} entries`, given);
        }
        return servers;
    },
};

/** The library that asks DNS servers. Raises without it; `what` needs it. Phases: init. */
export function library_of(path: string, what: string): DnsLibrary {
    for (const name of LIBRARIES) {
        const [found, library] = pcall(require, name);
        if (found) return library as unknown as DnsLibrary;
    }
    const beginning = problem.beginning(path);
    return error(`${beginning} ${what} need lua-resty-dns, which Debian has in the package lua-nginx-dns`, 0);
}

/** The servers of the machine. Raises if it has none; `option`: the path of the option that would name them. Phases: init. */
export function from_file(option: string): Server[] {
    const found = servers_of(RESOLV_CONF);
    if (found.length === 0) error(`${option} must be given, as ${RESOLV_CONF} names none`, 0);
    return found;
}
