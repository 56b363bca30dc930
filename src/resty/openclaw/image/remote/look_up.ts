/** The addresses of a server by its name. They are those to which the connection is made then: a second answer of the DNS could be another one. */
import type { Asking, Question } from "../../core/dns/question";
import { ask, question, TYPE_A, TYPE_AAAA } from "../../core/dns/question";
import { canonical } from "../../core/http/address";
import { is_public } from "../../core/http/public_address";

/** Addresses, or why there are none; then also whether any is of a network that is nobody's on the internet. */
type Found = LuaMultiReturn<[addresses: string[]] | [addresses: undefined, err: string, is_private: boolean]>;

/** Adds the addresses of an answer. Returns one that is not public, if there is any. */
function add(addresses: string[], { records }: Question): string | undefined {
    if (records === undefined) return undefined;
    for (const record of records) {
        const address = canonical(record.address ?? "");
        if (address === undefined || !is_public(address)) return address ?? "no address";
        addresses.push(address);
    }
    return undefined;
}

/** The addresses of a name, those of IPv4 first. All must be public. Yields. Phases: access, timer. */
export function look_up(asking: Asking, name: string): Found {
    const ipv4 = question(name, TYPE_A);
    const ipv6 = question(name, TYPE_AAAA);
    ask(asking, [ipv4, ipv6]);
    const addresses: string[] = [];
    const odd = add(addresses, ipv4) ?? add(addresses, ipv6);
    if (odd !== undefined) return $multi(undefined, `${name} is ${odd}, which is no public address`, true);
    if (addresses.length > 0) return $multi(addresses);
    return $multi(undefined, `cannot look up ${name}: ${ipv4.err ?? ipv6.err}`, false);
}
