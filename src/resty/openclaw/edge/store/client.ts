/**
 * Which client a request comes from, as a group of 256: so a client that sends more than its share is bounded, and so is what
 * is remembered of clients. Clients of one group share what one may have.
 */
import * as client_network from "../../core/request/client_network";
import * as digests from "../../core/bytes/digest";
import type { Digest } from "../../core/bytes/digest";
import * as random from "../../core/bytes/random";
import * as request from "../../core/request/request";
import type { Names } from "../../core/memory/shared_memory/names";

export interface Clients {
    readonly digest: Digest;
    /** Keeps clients from choosing whose group they are in. */
    readonly salt: string;
}

const SALT_KEY = "edge:salt";
const SALT_NUMBERS = 4;
/** The clients of all routes. Phases: init. */
function create(names: Names): Clients {
    names.safe_add(SALT_KEY, random.hex(SALT_NUMBERS));
    const [salt] = names.get<string>(SALT_KEY);
    return { digest: digests.new("sha256"), salt: salt ?? "" };
}
export { create as new };

/**
 * The group of the client at hand, two hex digits: by its address (IPv6: by its network) and by who it is, where the route
 * knows that. Phases: all with a request.
 */
export function group(clients: Clients): string {
    const network = client_network.of_request();
    const identity = request.variable("openclaw_identity") ?? "";
    const [hex] = clients.digest.of(`${clients.salt} ${network} ${identity}`);
    return string.sub(hex ?? "00", 1, 2);
}
