/** The network of a client's address, by which clients are distinguished: a client may own many addresses. */
import * as request from "./request";

const IPV4_BYTES = 4;
/** Of an IPv6 address what names a network: its owner has all the rest. RFC 4291, section 2.5.4. */
const NETWORK_BYTES = 8;
/** What an IPv4 address begins with that came to a socket for both kinds. RFC 4291, section 2.5.5.2. */
const MAPPED_IPV4 = `${string.rep("\0", 10)}${string.char(255, 255)}`;

/** Of an address as nginx has it in bytes: all of an IPv4 address, the first 64 bits of an IPv6 address. Phases: any. */
export function of_address(address: string): string {
    if (address.length <= IPV4_BYTES) return address;
    if (string.sub(address, 1, MAPPED_IPV4.length) === MAPPED_IPV4) {
        const mapped = string.sub(address, MAPPED_IPV4.length + 1);
        return mapped;
    }
    const network = string.sub(address, 1, NETWORK_BYTES);
    return network;
}

/** That of the client at hand; empty where it came by a Unix socket. Phases: all with a request. */
export function of_request(): string {
    const network = of_address(request.variable("binary_remote_addr") ?? "");
    return network;
}
