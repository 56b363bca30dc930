/**
 * Which client a request comes from, as a group of 256: so a client that sends more than its share is bounded, and so is what
 * is remembered of clients. Clients of one group share what one may have.
 */
import * as digests from "../../digest";
import type { Digest } from "../../digest";
import * as noise from "../../noise";
import * as request from "../../request";
import type { Names } from "../../shared_memory/names";

export interface Clients {
    readonly digest: Digest;
    /** Keeps clients from choosing whose group they are in. */
    readonly salt: string;
}

const SALT_KEY = "edge:salt";
const SALT_NUMBERS = 4;
/** Of an IPv6 address what names a network: its owner has all the rest. */
const NETWORK_BYTES = 8;
const IPV4_BYTES = 4;
/** What an IPv4 address begins with that came to a socket for both kinds. RFC 4291, section 2.5.5.2. */
const MAPPED_IPV4 = `${string.rep("\0", 10)}${string.char(255, 255)}`;

/** The clients of all routes. Phases: init. */
function create(names: Names): Clients {
    names.safe_add(SALT_KEY, noise.hex(SALT_NUMBERS));
    const [salt] = names.get<string>(SALT_KEY);
    return { digest: digests.new("sha256"), salt: salt ?? "" };
}
export { create as new };

/** Of an address as nginx has it in bytes, those that tell one client from another. Phases: any. */
export function network_of(address: string): string {
    if (address.length <= IPV4_BYTES) return address;
    if (string.sub(address, 1, MAPPED_IPV4.length) === MAPPED_IPV4) return string.sub(address, MAPPED_IPV4.length + 1);
    return string.sub(address, 1, NETWORK_BYTES);
}

/**
 * The group of the client at hand, two hex digits: by its address (IPv6: by its network) and by who it is, where the route
 * knows that. Phases: all with a request.
 */
export function group(clients: Clients): string {
    const network = network_of(request.variable("binary_remote_addr") ?? "");
    const identity = request.variable("openclaw_identity") ?? "";
    const [hex] = clients.digest.of(`${clients.salt} ${network} ${identity}`);
    return string.sub(hex ?? "00", 1, 2);
}
