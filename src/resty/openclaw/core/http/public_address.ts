/** Which addresses belong to somebody on the internet, and not to this machine, its networks or protocols. Pure Lua but for inet_pton. */
import * as ffi from "ffi";

ffi.cdef("int inet_pton(int family, const char *text, void *address);");

/** From Linux's socket.h. */
const AF_INET = 2;
const AF_INET6 = 10;

const IPV4_BYTES = 4;
const binary = ffi.new("uint8_t[16]") as unknown as Bytes;

/** The first bytes of a network, and how many bits of them count. */
interface Network {
    readonly bytes: readonly number[];
    readonly bits: number;
}

function network(written: string): Network {
    const [address, bits] = string.match(written, "^(.+)/(%d+)$");
    const [colon] = string.find(address!, ":", 1, true);
    if (ffi.C.inet_pton!(colon === undefined ? AF_INET : AF_INET6, address, binary) !== 1) error(written);
    const count = math.ceil(tonumber(bits)! / 8);
    const bytes: number[] = [];
    for (const place of $range(0, count - 1)) bytes.push(binary.get(place));
    return { bytes, bits: tonumber(bits)! };
}

function networks(...written: string[]): Network[] {
    const all: Network[] = [];
    for (const one of written) all.push(network(one));
    return all;
}

/**
 * IANA's special-purpose addresses (RFC 6890 and its registry) that are not global or have a meaning of their own, multicast, those that are
 * reserved, and the address under which machines in Azure reach the services of their host.
 */
const IPV4_OF_NOBODY = networks(
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "168.63.129.16/32",
);

/**
 * All that IANA gives out for the internet. Outside are loopback, IPv4-mapped addresses, translated ones (64:ff9b::), unique local ones
 * (fc00::), link-local ones (fe80::), multicast and what is not given out.
 */
const IPV6_OF_THE_INTERNET = networks("2000::/3");
/** Of these: protocols, among them Teredo; 6to4, with an IPv4 address inside; documentation; a sink for wrong questions to the DNS. */
const IPV6_OF_NOBODY = networks("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "2620:4f:8000::/48");

function is_in({ bytes, bits }: Network): boolean {
    let left = bits;
    for (const [place, byte] of ipairs(bytes as number[])) {
        const shift = math.max(0, 8 - left);
        if (binary.get(place - 1) >> shift !== byte >> shift) return false;
        left -= 8;
    }
    return true;
}

function is_in_any(all: readonly Network[]): boolean {
    for (const one of all) if (is_in(one)) return true;
    return false;
}

/** Whether it is the address of a machine on the internet: as `address.canonical` writes it, with or without brackets. Phases: any. */
export function is_public(address: string): boolean {
    const [bracketed] = string.match(address, "^%[([%x:.]+)%]$");
    const text = bracketed ?? address;
    // A C string would end at a zero byte and leave the rest unseen.
    const [foreign] = string.find(text, "[^%x:.]");
    if (foreign !== undefined) return false;
    const [colon] = string.find(text, ":", 1, true);
    if (colon === undefined) {
        ffi.fill(binary, IPV4_BYTES);
        return ffi.C.inet_pton!(AF_INET, text, binary) === 1 && !is_in_any(IPV4_OF_NOBODY);
    }
    if (ffi.C.inet_pton!(AF_INET6, text, binary) !== 1) return false;
    return is_in_any(IPV6_OF_THE_INTERNET) && !is_in_any(IPV6_OF_NOBODY);
}
